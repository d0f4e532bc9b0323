//! Scores of rows: one host call a request.

use std::cell::RefCell;

use crate::algohost::ml::artifacts;
use crate::algohost::ml::linalg::{Activation, Transposed, affine};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::{Linear, MODEL, error};

struct Model {
    coefficients: Tensor,
    intercept: Tensor,
    activation: Activation,
}

thread_local! {
    static LOADED: RefCell<Option<Model>> = const { RefCell::new(None) };
}

impl Guest for Linear {
    fn load() -> Result<(), Error> {
        let archive = artifacts::open_archive(MODEL)?;
        let activation = if archive.metadata().contains("logistic") { Activation::Sigmoid } else { Activation::Identity };
        let model = Model { coefficients: archive.get("coefficients")?, intercept: archive.get("intercept")?.reshape(&[1])?, activation };
        LOADED.set(Some(model));
        Ok(())
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        LOADED.with_borrow(|model| {
            let model = model.as_ref().ok_or_else(|| error(ErrorCode::BadModel, "no model is loaded".into()))?;
            let (found, wanted) = (features.shape()[1], model.coefficients.shape()[0]);
            if found != wanted {
                return Err(error(ErrorCode::InvalidInput, format!("rows have {found} features, the model has {wanted}")));
            }
            let value = affine(&features, &model.coefficients, Transposed::Neither, Some(&model.intercept), model.activation)?;
            Ok(vec![Output { name: "score".into(), value }])
        })
    }
}
