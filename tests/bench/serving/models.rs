//! A thousand models in one process: their memory, and how long it takes to load one.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Instant;

use serde_json::json;

use crate::figures::median;
use crate::guests::compiled;
use crate::server::{Server, send};
use crate::trained;

const MODELS: usize = 1_000;

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let component = compiled("mlp-rust", folder.path());
    let layers = json!({"predictor_type": "classifier", "hidden_layers": "384", "epochs": "1"});
    trained::train(folder.path(), &component, &layers);
    let file = folder.path().join("model/model.safetensors");
    let weights = std::fs::read(&file).unwrap();
    for number in 0..MODELS {
        let model = folder.path().join(format!("models/{number}/model"));
        std::fs::create_dir_all(&model).unwrap();
        std::fs::write(model.join("model.safetensors"), &weights).unwrap();
    }
    let server = Server::algohost(folder.path(), &component, &[("SAGEMAKER_MULTI_MODEL", "true")]);
    let mut times = Vec::with_capacity(MODELS);
    let mut reading = Vec::with_capacity(MODELS);
    for number in 0..MODELS {
        let body = json!({"model_name": number.to_string(), "url": format!("/opt/ml/models/{number}/model")}).to_string();
        let begun = Instant::now();
        let bytes = std::fs::read(folder.path().join(format!("models/{number}/model/model.safetensors"))).unwrap();
        reading.push(begun.elapsed().as_secs_f64() * 1e3);
        drop(bytes);
        let begun = Instant::now();
        let answer = post(server.address, "/models", body.as_bytes());
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let row = trained::row();
    for number in (0..MODELS).step_by(97) {
        let answer = post(server.address, &format!("/models/{number}/invoke"), row.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (sum, resident) = ((MODELS * weights.len()) as f64 / 1e6, server.resident_bytes() as f64 / 1e6);
    println!("{MODELS} models of {} kB in one process", weights.len() / 1000);
    println!("  resident {resident:.0} MB, weights {sum:.0} MB   (reach: at most {:.0})", 1.2 * sum + 64.0);
    println!("  loading one: median {:.2} ms, {:.2} ms of them reading   (reach: 5 beyond reading)\n", median(times), median(reading));
}

/// The answer to a request.
fn post(address: SocketAddr, path: &str, body: &[u8]) -> String {
    let mut answer = String::new();
    send(address, "POST", path, body).unwrap().read_to_string(&mut answer).unwrap();
    answer
}
