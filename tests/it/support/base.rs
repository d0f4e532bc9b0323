//! A throw-away base directory, as the platform would mount it at /opt/ml.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Removed when dropped.
pub(crate) struct Base {
    folder: tempfile::TempDir,
}

impl Base {
    /// With a valid configuration: one host, no hyperparameters, no channels.
    pub(crate) fn new() -> Base {
        let base = Base { folder: tempfile::tempdir().unwrap() };
        base.hyperparameters(&json!({}));
        base.channels(&json!({}));
        base.write("input/config/resourceconfig.json", r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#);
        base
    }

    /// A copy of a sample's tree.
    pub(crate) fn of_sample(sample: &Path) -> Base {
        let base = Base { folder: tempfile::tempdir().unwrap() };
        copy_folder(&sample.join("input"), &base.path().join("input"));
        base
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Base {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn remove(&self, path: &str) -> &Base {
        std::fs::remove_file(self.join(path)).unwrap();
        self
    }

    /// Values become strings, as the platform writes them.
    pub(crate) fn hyperparameters(&self, values: &Value) -> &Base {
        let values = values.as_object().unwrap().iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), Value::String(text))
        });
        self.write("input/config/hyperparameters.json", Value::Object(values.collect()).to_string())
    }

    pub(crate) fn channels(&self, config: &Value) -> &Base {
        self.write("input/config/inputdataconfig.json", config.to_string())
    }

    /// A channel in File mode with one CSV file.
    pub(crate) fn csv_channel(&self, name: &str, rows: &str) -> &Base {
        self.channels(&json!({name: {"TrainingInputMode": "File", "ContentType": "text/csv"}}));
        self.write(&format!("input/data/{name}/data.csv"), rows)
    }

    /// The first line of `output/failure`.
    pub(crate) fn failure(&self) -> String {
        self.read("output/failure").lines().next().unwrap_or_default().to_owned()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
