//! `linalg`: products of matrices, and decompositions.

use algohost_kernels as kernels;
use algohost_kernels::{Activation as KernelActivation, Structure as KernelStructure, Transposed as KernelTransposed};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::linalg::{
    Activation, Eigenpairs, Host, LeastSquaresFit, LogDeterminantParts, Moments, QrFactors, Structure, SvdFactors, Transposed,
};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

fn transposed_of(transposed: Transposed) -> KernelTransposed {
    match transposed {
        Transposed::Neither => KernelTransposed::Neither,
        Transposed::Left => KernelTransposed::Left,
        Transposed::Right => KernelTransposed::Right,
        Transposed::Both => KernelTransposed::Both,
    }
}

fn activation_of(activation: Activation) -> KernelActivation {
    match activation {
        Activation::Identity => KernelActivation::Identity,
        Activation::Relu => KernelActivation::Relu,
        Activation::LeakyRelu => KernelActivation::LeakyRelu,
        Activation::Elu => KernelActivation::Elu,
        Activation::Gelu => KernelActivation::Gelu,
        Activation::Silu => KernelActivation::Silu,
        Activation::Sigmoid => KernelActivation::Sigmoid,
        Activation::Tanh => KernelActivation::Tanh,
        Activation::Softplus => KernelActivation::Softplus,
        Activation::Exp => KernelActivation::Exp,
    }
}

fn structure_of(structure: Structure) -> KernelStructure {
    match structure {
        Structure::General => KernelStructure::General,
        Structure::PositiveDefinite => KernelStructure::PositiveDefinite,
        Structure::LowerTriangular => KernelStructure::LowerTriangular,
        Structure::UpperTriangular => KernelStructure::UpperTriangular,
        Structure::UnitLowerTriangular => KernelStructure::UnitLowerTriangular,
        Structure::UnitUpperTriangular => KernelStructure::UnitUpperTriangular,
    }
}

impl Host for Guest {
    fn matmul(&mut self, a: Handle, b: Handle, transposed: Transposed) -> Result<Handle, ImportError> {
        let product = kernels::matmul(&self.context, self.tensor(&a)?, self.tensor(&b)?, transposed_of(transposed))?;
        self.new_tensor(product)
    }

    fn matmul_into(&mut self, out: Handle, a: Handle, b: Handle, transposed: Transposed, alpha: f64, beta: f64) -> Result<(), ImportError> {
        let (out, a, b) = (self.tensor(&out)?, self.tensor(&a)?, self.tensor(&b)?);
        Ok(kernels::matmul_into(&self.context, out, a, b, transposed_of(transposed), alpha, beta)?)
    }

    fn affine(
        &mut self,
        x: Handle,
        w: Handle,
        transposed: Transposed,
        bias: Option<Handle>,
        activation: Activation,
    ) -> Result<Handle, ImportError> {
        let (x, w, bias) = (self.tensor(&x)?, self.tensor(&w)?, self.given(bias.as_ref())?);
        let result = kernels::affine(&self.context, x, w, transposed_of(transposed), bias, activation_of(activation))?;
        self.new_tensor(result)
    }

    fn affine_into(
        &mut self,
        out: Handle,
        x: Handle,
        w: Handle,
        transposed: Transposed,
        bias: Option<Handle>,
        alpha: f64,
        activation: Activation,
    ) -> Result<(), ImportError> {
        let (out, x, w, bias) = (self.tensor(&out)?, self.tensor(&x)?, self.tensor(&w)?, self.given(bias.as_ref())?);
        let scale = (alpha, activation_of(activation));
        Ok(kernels::affine_into(&self.context, out, (x, w), transposed_of(transposed), bias, scale)?)
    }

    fn gram(&mut self, a: Handle, weights: Option<Handle>) -> Result<Handle, ImportError> {
        let products = kernels::gram(&self.context, self.tensor(&a)?, self.given(weights.as_ref())?)?;
        self.new_tensor(products)
    }

    fn gram_into(&mut self, out: Handle, a: Handle, weights: Option<Handle>, alpha: f64, beta: f64) -> Result<(), ImportError> {
        let (out, a, weights) = (self.tensor(&out)?, self.tensor(&a)?, self.given(weights.as_ref())?);
        Ok(kernels::gram_into(&self.context, out, a, weights, alpha, beta)?)
    }

    fn covariance(&mut self, a: Handle, weights: Option<Handle>, ddof: f64) -> Result<Moments, ImportError> {
        self.room_for_tensors(2)?;
        let found = kernels::covariance(&self.context, self.tensor(&a)?, self.given(weights.as_ref())?, ddof)?;
        Ok(Moments { means: self.new_tensor(found.means)?, covariances: self.new_tensor(found.matrix)? })
    }

    fn cholesky(&mut self, a: Handle) -> Result<Handle, ImportError> {
        let factor = kernels::cholesky(&self.context, self.tensor(&a)?)?;
        self.new_tensor(factor)
    }

    fn solve(&mut self, a: Handle, b: Handle, structure: Structure) -> Result<Handle, ImportError> {
        let solution = kernels::solve(&self.context, self.tensor(&a)?, self.tensor(&b)?, structure_of(structure))?;
        self.new_tensor(solution)
    }

    fn least_squares(&mut self, a: Handle, b: Handle, tolerance: f64) -> Result<LeastSquaresFit, ImportError> {
        self.room_for_tensors(2)?;
        let found = kernels::least_squares(&self.context, self.tensor(&a)?, self.tensor(&b)?, tolerance)?;
        let solution = self.new_tensor(found.solution)?;
        Ok(LeastSquaresFit { solution, rank: found.rank as u32, singular_values: self.new_tensor(found.values)? })
    }

    fn qr(&mut self, a: Handle) -> Result<QrFactors, ImportError> {
        self.room_for_tensors(2)?;
        let found = kernels::qr(&self.context, self.tensor(&a)?)?;
        Ok(QrFactors { q: self.new_tensor(found.q)?, r: self.new_tensor(found.r)? })
    }

    fn svd(&mut self, a: Handle) -> Result<SvdFactors, ImportError> {
        self.room_for_tensors(3)?;
        let found = kernels::svd(&self.context, self.tensor(&a)?)?;
        let (left, singular_values) = (self.new_tensor(found.left)?, self.new_tensor(found.values)?);
        Ok(SvdFactors { left, singular_values, right: self.new_tensor(found.right)? })
    }

    fn eigh(&mut self, a: Handle) -> Result<Eigenpairs, ImportError> {
        self.room_for_tensors(2)?;
        let found = kernels::eigh(&self.context, self.tensor(&a)?)?;
        Ok(Eigenpairs { values: self.new_tensor(found.values)?, vectors: self.new_tensor(found.vectors)? })
    }

    fn log_determinant(&mut self, a: Handle) -> Result<LogDeterminantParts, ImportError> {
        let found = kernels::log_determinant(&self.context, self.tensor(&a)?)?;
        Ok(LogDeterminantParts { sign: found.sign, log_magnitude: found.log_magnitude })
    }
}
