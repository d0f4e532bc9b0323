//! The programs that ship, and an image of the slim one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guests::{compiled_for, repository};

/// What `host/build.sh` makes of that name.
pub(crate) fn build(kind: &str) -> PathBuf {
    let output = Command::new("bash").arg(repository().join("host/build.sh")).arg(kind).output().unwrap();
    assert!(output.status.success(), "host/build.sh {kind}:\n{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

pub(crate) fn bytes(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len()
}

/// The slim program with the linear learner, and a job for it.
pub(crate) struct Ours {
    pub(crate) program: PathBuf,
    pub(crate) component: PathBuf,
    /// What is transferred of the image.
    pub(crate) image_bytes: u64,
    /// A base directory with a channel and, after the first job, a model.
    pub(crate) base: tempfile::TempDir,
}

impl Ours {
    pub(crate) fn build() -> Ours {
        let program = build("slim");
        let base = tempfile::tempdir().unwrap();
        // As in an image: for every processor of the level that images are for.
        let component = compiled_for("x86-64-v2", "linear-learner-rust", base.path());
        let image_bytes = image(&program, &component, &base.path().join("learner.tar"));
        let ours = Ours { program, component, image_bytes, base };
        ours.make_job();
        assert!(ours.command("train").status().unwrap().success());
        ours
    }

    /// A command of the program, for the job.
    pub(crate) fn command(&self, word: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().arg(word).arg("--base").arg(self.base.path()).env("ALGOHOST_COMPONENT", &self.component);
        command.env("ALGOHOST_BIND_ADDRESS", "127.0.0.1").env("ALGOHOST_LOG", "warn").stdout(std::process::Stdio::null());
        command
    }

    /// All there is in an image.
    pub(crate) fn installed_bytes(&self) -> u64 {
        bytes(&self.program) + bytes(&self.component)
    }

    /// 569 rows of 30 features: the sample's rows for training, validation and none of both.
    fn make_job(&self) {
        let sample = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer");
        let base = self.base.path();
        let files = ["input/data/train/train.csv", "input/data/validation/validation.csv", "held-out.csv"];
        let rows: Vec<String> =
            files.iter().map(|file| std::fs::read_to_string(sample.join(file)).unwrap().trim_end().to_owned()).collect();
        let rows = rows.join("\n") + "\n";
        assert_eq!(rows.lines().count(), 569);
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(base.join(path).parent().unwrap()).unwrap();
            std::fs::write(base.join(path), text).unwrap();
        };
        write("input/data/train/rows.csv", &rows);
        write("input/config/hyperparameters.json", r#"{"predictor_type": "binary_classifier"}"#);
        write("input/config/inputdataconfig.json", r#"{"train": {"TrainingInputMode": "File", "ContentType": "text/csv"}}"#);
        write("input/config/resourceconfig.json", r#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#);
    }
}

fn image(program: &Path, component: &Path, archive: &Path) -> u64 {
    let mut algohost = Command::new(env!("CARGO_BIN_EXE_algohost"));
    let made = algohost.env_clear().arg("image").arg(component).arg("--program").arg(program).arg("-o").arg(archive).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8(made.stdout).unwrap();
    said.split(" bytes to transfer").next().and_then(|before| before.rsplit(' ').next()).unwrap().parse().unwrap()
}
