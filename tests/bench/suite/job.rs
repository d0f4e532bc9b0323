//! One training job of the real binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guests::compiled;
use crate::rows::Row;

pub(crate) struct Job<'a> {
    row: &'a Row,
    base: tempfile::TempDir,
    component: PathBuf,
    threads: usize,
}

impl<'a> Job<'a> {
    /// The base directory of the job, beside the data, whose files its channels share.
    pub(crate) fn new(row: &'a Row, data: &Path, threads: usize) -> Job<'a> {
        let base = tempfile::tempdir_in(data).unwrap();
        let config = base.path().join("input/config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("resourceconfig.json"), r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#).unwrap();
        let texts = row.hyperparameters.as_object().unwrap().iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), serde_json::Value::String(text))
        });
        std::fs::write(config.join("hyperparameters.json"), serde_json::Value::Object(texts.collect()).to_string()).unwrap();
        for (channel, file) in row.timed.iter().chain(&row.judged) {
            let folder = base.path().join("input/data").join(channel);
            std::fs::create_dir_all(&folder).unwrap();
            let from = data.join(file);
            std::fs::hard_link(&from, folder.join(from.file_name().unwrap())).unwrap();
        }
        let component = compiled(row.guest, base.path());
        Job { row, base, component, threads }
    }

    /// Seconds of a whole job: the time that the binary itself reports.
    pub(crate) fn seconds(&self) -> f64 {
        let (_, stderr) = self.train(&self.row.timed);
        let done = stderr.lines().find_map(|line| line.split_once("train: done in ")).expect("the job reports its time").1;
        done.split(' ').next().and_then(|text| text.parse().ok()).expect("a number of seconds")
    }

    /// The last value of the row's metric, from a job that is given the channels to judge by as well.
    pub(crate) fn quality(&self) -> f64 {
        let channels: Vec<_> = self.row.timed.iter().chain(&self.row.judged).copied().collect();
        let (stdout, stderr) = self.train(&channels);
        let name = format!("{}=", self.row.quality.metric);
        let mut values = stdout.lines().filter_map(|line| line.strip_prefix(&name)?.split(' ').next()?.parse().ok());
        values.next_back().unwrap_or_else(|| panic!("{}: no metric {name}\n{stdout}\n{stderr}", self.row.name))
    }

    fn train(&self, channels: &[(&'static str, &'static str)]) -> (String, String) {
        let config: serde_json::Map<_, _> = channels
            .iter()
            .map(|(channel, _)| {
                ((*channel).to_owned(), serde_json::json!({"TrainingInputMode": "File", "ContentType": self.row.content_type}))
            })
            .collect();
        let file = self.base.path().join("input/config/inputdataconfig.json");
        std::fs::write(file, serde_json::Value::Object(config).to_string()).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_algohost"))
            .args(["train", "--base"])
            .arg(self.base.path())
            .arg("--component")
            .arg(&self.component)
            .env_clear()
            .env("ALGOHOST_THREADS", self.threads.to_string())
            .output()
            .unwrap();
        let (stdout, stderr) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
        assert!(run.status.success(), "{}: {stderr}", self.row.name);
        (stdout, stderr)
    }
}
