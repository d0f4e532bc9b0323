//! What is not read, copied or compiled when a server starts.

use std::path::Path;

use serde_json::json;

use crate::support::{Base, Server, algohost, guest, job, train_guest};

/// A network whose weights take 0.3 MB, or some kB.
fn network(width: usize) -> Base {
    let rows: String = (0..40).map(|row| format!("{},{},{}\n", row % 2, row % 7, row % 5)).collect();
    let base = job(&json!({"predictor_type": "classifier", "hidden_layers": format!("{width},{width}"), "epochs": "1"}), &rows);
    train_guest("mlp-rust", &base, 0);
    base
}

fn compiled(folder: &Path, name: &str) -> std::path::PathBuf {
    let cwasm = folder.join(name).with_extension("cwasm");
    algohost(["compile", guest(name).to_str().unwrap(), "-o", cwasm.to_str().unwrap()]).run().expect_status(0);
    cwasm
}

#[test]
fn a_compiled_component_and_large_weights_are_mapped() {
    let base = network(256);
    let component = compiled(base.path(), "mlp-rust");
    let server = Server::start(base.path(), &component, &[]);
    let maps = server.maps();
    assert!(maps.contains("mlp-rust.cwasm") && maps.contains("model/model.safetensors"), "{maps}");
    let mapped = server.csv("1,2\n").expect_status(200).text();
    // The file may be replaced while it is mapped.
    let model = base.join("model/model.safetensors");
    std::fs::copy(&model, base.join("copy")).unwrap();
    std::fs::remove_file(&model).unwrap();
    std::fs::rename(base.join("copy"), &model).unwrap();
    assert_eq!(server.csv("1,2\n").expect_status(200).text(), mapped);
    // Small files are read; whether they are mapped is not seen in the answer.
    let small = network(4);
    let server = Server::start(small.path(), &component, &[]);
    assert!(!server.maps().contains("model.safetensors"));
    server.csv("1,2\n").expect_status(200);
}

/// The file could be changed after its digest was compared, on a file system that can be written to.
#[test]
fn a_pinned_component_is_copied_where_somebody_could_change_it() {
    let base = network(4);
    let component = compiled(base.path(), "mlp-rust");
    let digest = algohost::wasm::sha256(&std::fs::read(&component).unwrap());
    let server = Server::start(base.path(), &component, &[("ALGOHOST_COMPONENT_SHA256", &digest)]);
    assert!(!server.maps().contains("mlp-rust.cwasm"));
    server.csv("1,2\n").expect_status(200);
}
