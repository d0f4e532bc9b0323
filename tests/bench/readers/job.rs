//! A training job of the real binary whose algorithm reads a channel, with its time and memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::guests::compiled;

/// What a run took.
pub(crate) struct Taken {
    /// As the binary reports them, its start included.
    pub(crate) seconds: f64,
    pub(crate) peak_bytes: u64,
}

pub(crate) struct Job {
    base: tempfile::TempDir,
    component: PathBuf,
    threads: usize,
}

impl Job {
    /// A job whose channel `train` is one file.
    pub(crate) fn new(content_type: &str, file: &Path, threads: usize) -> Job {
        let base = tempfile::tempdir_in(file.parent().unwrap()).unwrap();
        let (config, channel) = (base.path().join("input/config"), base.path().join("input/data/train"));
        std::fs::create_dir_all(&config).unwrap();
        std::fs::create_dir_all(&channel).unwrap();
        std::fs::write(config.join("resourceconfig.json"), r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#).unwrap();
        let channels = json!({"train": {"TrainingInputMode": "File", "ContentType": content_type}});
        std::fs::write(config.join("inputdataconfig.json"), channels.to_string()).unwrap();
        std::fs::hard_link(file, channel.join(file.file_name().unwrap())).unwrap();
        let component = compiled("faulty", base.path());
        Job { base, component, threads }
    }

    pub(crate) fn run(&self, mode: &str, text: &str) -> Taken {
        let hyperparameters = json!({"mode": mode, "text": text});
        std::fs::write(self.base.path().join("input/config/hyperparameters.json"), hyperparameters.to_string()).unwrap();
        let log = self.base.path().join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_algohost"))
            .args(["train", "--base"])
            .arg(self.base.path())
            .arg("--component")
            .arg(&self.component)
            .env_clear()
            .env("ALGOHOST_THREADS", self.threads.to_string())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        // The kernel keeps the peak, so the last look is what counts; it is at most a few milliseconds old.
        let (status, mut peak_bytes) = (format!("/proc/{}/status", child.id()), 0);
        let ended = loop {
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            peak_bytes = peak.map_or(peak_bytes, |peak| peak * 1024);
            std::thread::sleep(Duration::from_millis(2));
        };
        let log = std::fs::read_to_string(log).unwrap();
        assert!(ended.success(), "{log}");
        let done = log.lines().find_map(|line| line.split_once("train: done in ")).expect("the job reports its time").1;
        Taken { seconds: done.split(' ').next().unwrap().parse().unwrap(), peak_bytes }
    }
}
