//! `losses`: linear models against their labels.

use algohost_kernels::{Features, LabelledRows, Loss as Kind, hessian_product, loss_and_gradient};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::losses::{Host, Loss};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::{MatrixHandle, TensorHandle};

type Handle = Resource<TensorHandle>;
type Matrix = Resource<MatrixHandle>;

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
    fn loss_of(
        &self,
        loss: Loss,
        x: Features<'_>,
        (y, weights): (&Handle, Option<&Handle>),
        coefficients: &Handle,
        gradient: &Handle,
    ) -> Result<f64, ImportError> {
        let weights = weights.map(|weights| self.tensor(weights)).transpose()?;
        let rows = LabelledRows { x, y: self.tensor(y)?, weights };
        Ok(loss_and_gradient(&self.context, from_wit(loss), rows, self.tensor(coefficients)?, self.tensor(gradient)?)?)
    }

    fn product_of(
        &self,
        loss: Loss,
        x: Features<'_>,
        (y, weights): (&Handle, Option<&Handle>),
        [coefficients, direction, product]: [&Handle; 3],
    ) -> Result<(), ImportError> {
        let weights = weights.map(|weights| self.tensor(weights)).transpose()?;
        let rows = LabelledRows { x, y: self.tensor(y)?, weights };
        let (coefficients, direction, product) = (self.tensor(coefficients)?, self.tensor(direction)?, self.tensor(product)?);
        Ok(hessian_product(&self.context, from_wit(loss), rows, coefficients, direction, product)?)
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
        self.loss_of(loss, self.tensor(&x)?.into(), (&y, row_weights.as_ref()), &coefficients, &gradient)
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
        self.product_of(loss, self.tensor(&x)?.into(), (&y, row_weights.as_ref()), [&coefficients, &direction, &product])
    }

    fn sparse_loss_and_gradient(
        &mut self,
        loss: Loss,
        x: Matrix,
        y: Handle,
        row_weights: Option<Handle>,
        coefficients: Handle,
        gradient: Handle,
    ) -> Result<f64, ImportError> {
        self.loss_of(loss, self.matrix(&x)?.into(), (&y, row_weights.as_ref()), &coefficients, &gradient)
    }

    fn sparse_hessian_product(
        &mut self,
        loss: Loss,
        x: Matrix,
        y: Handle,
        row_weights: Option<Handle>,
        coefficients: Handle,
        direction: Handle,
        product: Handle,
    ) -> Result<(), ImportError> {
        self.product_of(loss, self.matrix(&x)?.into(), (&y, row_weights.as_ref()), [&coefficients, &direction, &product])
    }
}
