//! Calls every function of the interface and checks what it answers.

mod factorization;
mod hostile;
mod jobs;
mod kernels;
mod linalg;
mod losses;
mod models;
mod neighbors;
mod nn;
mod select;
mod sparse;
mod tensors;
mod trees;

wit_bindgen::generate!({ world: "algorithm", path: "../../../wit" });

use crate::algohost::ml::job;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::{metadata, predictor, trainer};

struct Interface;

#[cfg(target_family = "wasm")]
export!(Interface);

impl metadata::Guest for Interface {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for Interface {
    fn train() -> Result<(), Error> {
        jobs::check()?;
        tensors::check()?;
        tensors::check_scopes()?;
        kernels::check_formulas()?;
        linalg::check_products()?;
        linalg::check_decompositions()?;
        neighbors::check()?;
        kernels::check_the_others()?;
        losses::check()?;
        sparse::check()?;
        factorization::check()?;
        sparse::check_data()?;
        nn::check_losses()?;
        nn::check_images()?;
        nn::check_steps()?;
        nn::check_forest()?;
        select::check()?;
        trees::check()?;
        hostile::check()?;
        models::check_data()?;
        models::check_artifacts()?;
        models::check_checkpoints()?;
        job::metric("checked", 1.0, 1);
        Ok(())
    }
}

impl predictor::Guest for Interface {
    fn load() -> Result<(), Error> {
        models::check_while_serving()
    }

    /// Makes tensors that it never drops; the call is a scope, so the host must get their storage back.
    fn predict(features: Tensor) -> Result<Vec<predictor::Output>, Error> {
        std::mem::forget(tensors_of_a_megabyte()?);
        Ok(vec![predictor::Output { name: "same".to_owned(), value: features }])
    }
}

fn tensors_of_a_megabyte() -> Result<Tensor, Error> {
    algohost::ml::tensors::zeros(&[1 << 18], Dtype::Float32)
}

/// A float32 tensor of these elements.
fn floats(shape: &[u32], elements: &[f32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_le_bytes()).collect();
    from_bytes(shape, Dtype::Float32, &bytes)
}

/// An int32 tensor of these elements.
fn integers(elements: &[i32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_le_bytes()).collect();
    from_bytes(&[elements.len() as u32], Dtype::Int32, &bytes)
}

/// All elements, as numbers, whatever the dtype.
fn elements(tensor: &Tensor) -> Vec<f64> {
    let rows = tensor.shape().first().copied().unwrap_or(1);
    let wide = tensor.cast(Dtype::Float64).expect("every dtype can be cast");
    let bytes = wide.read(0, rows).expect("all rows can be read");
    bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().expect("8 bytes"))).collect()
}

#[track_caller]
fn expect_code<T>(result: Result<T, Error>, code: ErrorCode, words: &str) {
    let error = result.err().unwrap_or_else(|| panic!("no error, wanted {code:?} with '{words}'"));
    assert!(error.code == code && error.message.contains(words), "{error:?}, wanted {code:?} with '{words}'");
}
