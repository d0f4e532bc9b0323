//! A guest that times its own calls, in the real binary: a trainer whose metric is `ns_per_call`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::guests::guest;

pub(crate) struct TimedGuest {
    base: tempfile::TempDir,
    component: PathBuf,
    threads: usize,
}

impl TimedGuest {
    /// The guest of this name on so many kernel threads (0: one per processor).
    pub(crate) fn new(name: &str, threads: usize) -> TimedGuest {
        let base = tempfile::tempdir().unwrap();
        let config = base.path().join("input/config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("inputdataconfig.json"), "{}").unwrap();
        std::fs::write(config.join("resourceconfig.json"), r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#).unwrap();
        TimedGuest { base, component: guest(name), threads }
    }

    /// Of one of the calls that these hyperparameters ask for.
    pub(crate) fn nanoseconds(&self, hyperparameters: &Value) -> f64 {
        std::fs::write(self.base.path().join("input/config/hyperparameters.json"), hyperparameters.to_string()).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_algohost"))
            .args(["train", "--base"])
            .arg(self.base.path())
            .arg("--component")
            .arg(&self.component)
            .env_clear()
            .env("ALGOHOST_THREADS", self.threads.to_string())
            .output()
            .unwrap();
        let stdout = String::from_utf8(run.stdout).unwrap();
        let value = stdout.trim().strip_prefix("ns_per_call=").and_then(|rest| rest.split(' ').next()).and_then(|text| text.parse().ok());
        value.unwrap_or_else(|| panic!("no time for {hyperparameters}: {}", String::from_utf8_lossy(&run.stderr)))
    }
}
