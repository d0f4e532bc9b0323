//! Models to serve, made by the binary's own training.

use std::path::Path;
use std::process::Command;

use serde_json::json;

/// Columns of a row of about 1 KB.
pub(crate) const COLUMNS: usize = 112;

/// Numbers as measurements have them.
fn numbers(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 4.0
    }
}

/// A row of features as CSV.
pub(crate) fn row() -> String {
    let mut next = numbers(7);
    let cells: Vec<String> = (0..COLUMNS).map(|_| format!("{:.5}", next())).collect();
    cells.join(",") + "\n"
}

/// Trains on random rows; the model is in `base/model`.
pub(crate) fn train(base: &Path, component: &Path, hyperparameters: &serde_json::Value) {
    let (config, channel) = (base.join("input/config"), base.join("input/data/train"));
    std::fs::create_dir_all(&config).unwrap();
    std::fs::create_dir_all(&channel).unwrap();
    let mut next = numbers(3);
    let mut rows = String::new();
    for row in 0..400 {
        rows += &(row % 2).to_string();
        (0..COLUMNS).for_each(|_| rows += &format!(",{:.5}", next()));
        rows.push('\n');
    }
    std::fs::write(channel.join("rows.csv"), rows).unwrap();
    std::fs::write(config.join("hyperparameters.json"), hyperparameters.to_string()).unwrap();
    let channels = json!({"train": {"TrainingInputMode": "File", "ContentType": "text/csv"}});
    std::fs::write(config.join("inputdataconfig.json"), channels.to_string()).unwrap();
    std::fs::write(config.join("resourceconfig.json"), r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#).unwrap();
    let mut algohost = Command::new(env!("CARGO_BIN_EXE_algohost"));
    let trained = algohost.env_clear().arg("train").arg("--base").arg(base).arg("--component").arg(component).output().unwrap();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
}
