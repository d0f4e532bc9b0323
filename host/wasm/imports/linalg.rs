//! `linalg`: products of matrices.

use algohost_kernels::{Transposed as Kind, matmul, matmul_into};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::linalg::{Host, Transposed};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

fn from_wit(transposed: Transposed) -> Kind {
    match transposed {
        Transposed::Neither => Kind::Neither,
        Transposed::Left => Kind::Left,
        Transposed::Right => Kind::Right,
        Transposed::Both => Kind::Both,
    }
}

impl Host for Guest {
    fn matmul(&mut self, a: Handle, b: Handle, transposed: Transposed) -> Result<Handle, ImportError> {
        let product = matmul(&self.context, self.tensor(&a)?, self.tensor(&b)?, from_wit(transposed))?;
        self.new_tensor(product)
    }

    fn matmul_into(
        &mut self,
        out: Handle,
        a: Handle,
        b: Handle,
        transposed: Transposed,
        alpha: f64,
        beta: f64,
    ) -> Result<(), ImportError> {
        let (out, a, b) = (self.tensor(&out)?, self.tensor(&a)?, self.tensor(&b)?);
        Ok(matmul_into(&self.context, out, a, b, from_wit(transposed), alpha, beta)?)
    }
}
