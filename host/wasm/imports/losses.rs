//! `losses`: linear models against their labels.

use algohost_kernels::{LabelledRows, Loss as Kind, hessian_product, loss_and_gradient};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::losses::{Host, Loss};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

fn from_wit(loss: Loss) -> Kind {
    match loss {
        Loss::Squared => Kind::Squared,
        Loss::Absolute => Kind::Absolute,
        Loss::Huber(delta) => Kind::Huber(delta),
        Loss::Quantile(level) => Kind::Quantile(level),
        Loss::EpsilonInsensitive(epsilon) => Kind::EpsilonInsensitive(epsilon),
        Loss::SquaredEpsilonInsensitive(epsilon) => Kind::SquaredEpsilonInsensitive(epsilon),
        Loss::Logistic => Kind::Logistic,
        Loss::Hinge => Kind::Hinge,
        Loss::SquaredHinge => Kind::SquaredHinge,
        Loss::ModifiedHuber => Kind::ModifiedHuber,
        Loss::Poisson => Kind::Poisson,
        Loss::Gamma => Kind::Gamma,
        Loss::Tweedie(power) => Kind::Tweedie(power),
        Loss::Softmax => Kind::Softmax,
    }
}

impl Guest {
    fn labelled_rows(&self, x: &Handle, y: &Handle, weights: Option<&Handle>) -> Result<LabelledRows<'_>, ImportError> {
        let weights = weights.map(|weights| self.tensor(weights)).transpose()?;
        Ok(LabelledRows { x: self.tensor(x)?, y: self.tensor(y)?, weights })
    }
}

impl Host for Guest {
    fn loss_and_gradient(
        &mut self,
        loss: Loss,
        x: Handle,
        y: Handle,
        row_weights: Option<Handle>,
        coefficients: Handle,
        gradient: Handle,
    ) -> Result<f64, ImportError> {
        let rows = self.labelled_rows(&x, &y, row_weights.as_ref())?;
        Ok(loss_and_gradient(&self.context, from_wit(loss), rows, self.tensor(&coefficients)?, self.tensor(&gradient)?)?)
    }

    fn hessian_product(
        &mut self,
        loss: Loss,
        x: Handle,
        y: Handle,
        row_weights: Option<Handle>,
        coefficients: Handle,
        direction: Handle,
        product: Handle,
    ) -> Result<(), ImportError> {
        let rows = self.labelled_rows(&x, &y, row_weights.as_ref())?;
        let (coefficients, direction, product) = (self.tensor(&coefficients)?, self.tensor(&direction)?, self.tensor(&product)?);
        Ok(hessian_product(&self.context, from_wit(loss), rows, coefficients, direction, product)?)
    }
}
