wit_bindgen::generate!({ world: "predictor-only", path: "../../../wit" });
use algohost::ml::{formulas::compile, tensors::Tensor, types::Error};
use exports::algohost::ml::{metadata, predictor};

struct Celsius;
impl metadata::Guest for Celsius {
    fn describe() -> String {
        r#"{"name": "celsius", "version": "1.0.0", "summary": "Fahrenheit to Celsius"}"#.into()
    }
}
impl predictor::Guest for Celsius {
    fn load() -> Result<(), Error> {
        Ok(())
    }
    fn predict(features: Tensor) -> Result<Vec<predictor::Output>, Error> {
        let value = compile("f", "(f - 32) * 5 / 9")?.apply(&[&features])?;
        Ok(vec![predictor::Output { name: "celsius".into(), value }])
    }
}
export!(Celsius);
