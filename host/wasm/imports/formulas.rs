//! `formulas`: elementwise work and reductions.

use algohost_kernels::{Formula, Reduction as Kind, Tensor, reduce};
use wasmtime::component::Resource;

use super::sizes;
use super::tensors::from_wit as dtype_from_wit;
use crate::wasm::bindings::algohost::ml::formulas::{Dtype, Host, HostFormula, Reduction};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<Formula>;

/// More inputs than a formula can have never arrive at the kernels.
type Inputs = Vec<Resource<TensorHandle>>;

fn from_wit(how: Reduction) -> Kind {
    match how {
        Reduction::Sum => Kind::Sum,
        Reduction::Product => Kind::Product,
        Reduction::Mean => Kind::Mean,
        Reduction::Variance => Kind::Variance,
        Reduction::Max => Kind::Max,
        Reduction::Min => Kind::Min,
        Reduction::ArgMax => Kind::ArgMax,
        Reduction::ArgMin => Kind::ArgMin,
        Reduction::Any => Kind::Any,
        Reduction::All => Kind::All,
        Reduction::Count => Kind::Count,
        Reduction::LogSumExp => Kind::LogSumExp,
        Reduction::Norm => Kind::Norm,
        Reduction::AbsSum => Kind::AbsSum,
        Reduction::AbsMax => Kind::AbsMax,
    }
}

impl Guest {
    fn inputs(&self, inputs: &Inputs) -> Result<Vec<&Tensor>, ImportError> {
        inputs.iter().map(|input| self.tensor(input)).collect()
    }
}

impl Host for Guest {
    fn compile(&mut self, inputs: String, formula: String) -> Result<Handle, ImportError> {
        let formula = Formula::compile(&inputs, &formula)?.charged(&self.context)?;
        Ok(Resource::new_own(self.formulas.insert(formula)?))
    }

    fn reduce(
        &mut self,
        a: Resource<TensorHandle>,
        how: Reduction,
        axes: Vec<u32>,
        keep_dims: bool,
    ) -> Result<Resource<TensorHandle>, ImportError> {
        let result = reduce(&self.context, self.tensor(&a)?, from_wit(how), &sizes(&axes), keep_dims)?;
        self.new_tensor(result)
    }
}

impl HostFormula for Guest {
    fn bind(&mut self, handle: Handle, name: String, value: Resource<TensorHandle>) -> Result<(), ImportError> {
        let value = self.tensor(&value)?.clone();
        Ok(self.formulas.get_mut(handle.rep())?.bind(&name, &value)?)
    }

    fn bind_scalar(&mut self, handle: Handle, name: String, value: f64) -> Result<(), ImportError> {
        Ok(self.formulas.get_mut(handle.rep())?.bind_scalar(&name, value)?)
    }

    fn unbind(&mut self, handle: Handle) -> wasmtime::Result<()> {
        if let Ok(formula) = self.formulas.get_mut(handle.rep()) {
            formula.unbind();
        }
        Ok(())
    }

    fn apply(&mut self, handle: Handle, inputs: Inputs) -> Result<Resource<TensorHandle>, ImportError> {
        let result = self.formulas.get(handle.rep())?.apply(&self.context, &self.inputs(&inputs)?)?;
        self.new_tensor(result)
    }

    fn apply_as(&mut self, handle: Handle, dtype: Dtype, inputs: Inputs) -> Result<Resource<TensorHandle>, ImportError> {
        let result = self.formulas.get(handle.rep())?.apply_as(&self.context, dtype_from_wit(dtype), &self.inputs(&inputs)?)?;
        self.new_tensor(result)
    }

    fn apply_into(&mut self, handle: Handle, out: Resource<TensorHandle>, inputs: Inputs) -> Result<(), ImportError> {
        let formula = self.formulas.get(handle.rep())?;
        Ok(formula.apply_into(&self.context, self.tensor(&out)?, &self.inputs(&inputs)?)?)
    }

    fn reduce(
        &mut self,
        handle: Handle,
        how: Reduction,
        axes: Vec<u32>,
        keep_dims: bool,
        inputs: Inputs,
    ) -> Result<Resource<TensorHandle>, ImportError> {
        let formula = self.formulas.get(handle.rep())?;
        let result = formula.reduce(&self.context, from_wit(how), &sizes(&axes), keep_dims, &self.inputs(&inputs)?)?;
        self.new_tensor(result)
    }

    fn reduce_all(&mut self, handle: Handle, how: Reduction, inputs: Inputs) -> Result<f64, ImportError> {
        let formula = self.formulas.get(handle.rep())?;
        Ok(formula.reduce_all(&self.context, from_wit(how), &self.inputs(&inputs)?)?)
    }

    fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.formulas.remove(handle.rep());
        Ok(())
    }
}
