//! The guest that makes the same calls, in the real binary.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use algohost::bench::Case;

use crate::guests::guest;

/// Wall-clock time of the repeated calls, about.
const PATIENCE_US: f64 = 400_000.0;

pub(crate) struct Guest {
    base: tempfile::TempDir,
    component: PathBuf,
    threads: usize,
}

impl Guest {
    pub(crate) fn new(threads: usize) -> Guest {
        let base = tempfile::tempdir().unwrap();
        let config = base.path().join("input/config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("inputdataconfig.json"), "{}").unwrap();
        std::fs::write(config.join("resourceconfig.json"), r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#).unwrap();
        Guest { base, component: guest("kernels"), threads }
    }

    /// Of one call of the case, which takes about `native` microseconds.
    pub(crate) fn microseconds(&self, case: &Case, native: f64) -> f64 {
        let count = (PATIENCE_US / native.max(0.05)).clamp(3.0, 3e6) as u32;
        let hyperparameters = serde_json::json!({"case": case.key(), "count": count.to_string()});
        std::fs::write(self.base.path().join("input/config/hyperparameters.json"), hyperparameters.to_string()).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_algohost"))
            .args(["train", "--base"])
            .arg(self.base.path())
            .arg("--component")
            .arg(&self.component)
            .env_clear()
            .env("ALGOHOST_THREADS", self.threads.to_string())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stdout = String::from_utf8(run.stdout).unwrap();
        let value =
            stdout.trim().strip_prefix("ns_per_call=").and_then(|rest| rest.split(' ').next()).and_then(|text| text.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("{}: {}", case.key(), String::from_utf8_lossy(&run.stderr))) / 1e3
    }
}
