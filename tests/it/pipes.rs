//! Pipe mode: a new named pipe for each epoch, made by a writer that stands for the platform's.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use serde_json::json;

use crate::support::{Base, Outcome, algohost, guest, noise, repository};

const PATIENCE: Duration = Duration::from_secs(60);

/// Writes epochs into `PATH_0`, `PATH_1`, ..., each once the one before it was read or closed, until nobody asks for more.
struct Writer {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<usize>>,
}

impl Writer {
    fn start(channel: PathBuf, epochs: Vec<Vec<u8>>) -> Writer {
        let done = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            (0..).take_while(|&number| write_epoch(&channel, number, &epochs[number % epochs.len()], &until)).count()
        });
        Writer { done, thread: Some(thread) }
    }

    /// How many epochs were asked for.
    fn end(mut self) -> usize {
        self.done.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
    }
}

/// Whether somebody read the epoch, or some of it.
fn write_epoch(channel: &Path, number: usize, bytes: &[u8], done: &AtomicBool) -> bool {
    let path = format!("{}_{number}", channel.display());
    // The platform's pipes are not there at once.
    std::thread::sleep(Duration::from_millis(30));
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let begun = Instant::now();
    let mut pipe = loop {
        match OpenOptions::new().write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&path) {
            Ok(pipe) => break pipe,
            Err(_) if done.load(Ordering::Acquire) || begun.elapsed() > PATIENCE => return false,
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let mut rest = bytes;
    while !rest.is_empty() && begun.elapsed() < PATIENCE {
        match pipe.write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(1)),
            // Closed early, as a reader may.
            Err(_) => break,
        }
    }
    true
}

/// A job whose channel `train` is a pipe.
fn job(content_type: Option<&str>, framed: bool) -> Base {
    let base = Base::new();
    let mut channel = json!({"TrainingInputMode": "Pipe", "S3DistributionType": "FullyReplicated"});
    channel["RecordWrapperType"] = if framed { "RecordIO" } else { "None" }.into();
    if let Some(content_type) = content_type {
        channel["ContentType"] = content_type.into();
    }
    base.channels(&json!({"train": channel}));
    base
}

fn run(base: &Base, mode: &str, text: &str, epochs: Vec<Vec<u8>>) -> (Outcome, usize) {
    base.hyperparameters(&json!({"mode": mode, "text": text}));
    std::fs::create_dir_all(base.join("input/data")).unwrap();
    let component = guest("faulty");
    let writer = Writer::start(base.join("input/data/train"), epochs);
    let limit = PATIENCE.as_secs().to_string();
    let output =
        algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", component).env("ALGOHOST_MAX_RUNTIME_SECONDS", limit).run();
    (output, writer.end())
}

/// The lines that the algorithm printed about epochs.
fn told(output: &Outcome) -> Vec<String> {
    let lines = output.stdout.lines().chain(output.stderr.lines());
    lines.filter_map(|line| Some(line[line.find("epoch ")?..].to_owned())).filter(|line| line.contains(": ")).collect()
}

fn csv(rows: u32, step: u32) -> Vec<u8> {
    (0..rows).map(|row| format!("{},{},2\n", row % 2, row * step)).collect::<String>().into_bytes()
}

fn frames(contents: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for content in contents {
        bytes.extend(0xCED7_230A_u32.to_le_bytes());
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

#[test]
fn each_epoch_comes_through_a_pipe_of_its_own() {
    let epochs = || vec![csv(1000, 1), csv(1001, 0)];
    let wanted = ["epoch 0: 1000 rows of 2 columns, sum 501500, labels 500", "epoch 1: 1001 rows of 2 columns, sum 2002, labels 500"];
    for how in ["train 3 0", "train 3 64", "train 3 5000", "train 3 1"] {
        let (output, read) = run(&job(Some("text/csv"), false), "epochs", how, epochs());
        let output = output.expect_status(0);
        let lines = told(&output);
        assert_eq!(lines[..2], wanted, "{how}");
        assert_eq!(lines[2], wanted[0].replace("epoch 0", "epoch 2"), "{how}");
        assert_eq!(read, 3, "{how}");
    }
}

#[test]
fn an_epoch_may_be_closed_before_its_end() {
    // Far more than a pipe and what is read ahead hold.
    let (output, read) = run(&job(Some("text/csv"), false), "epochs", "train 4 100 250", vec![csv(1_000_000, 0)]);
    let lines = told(&output.expect_status(0));
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.contains(": 300 rows of 2 columns, sum 600, labels 150")), "{lines:?}");
    assert_eq!(read, 4);
}

#[test]
fn objects_in_records_are_read_one_after_the_other() {
    // The first object lacks the end of its last line, the second is empty, and the magic number in the third is data.
    let epochs = vec![frames(&[b"1,2\n0,3", b"", b"1,4\n", b"0,5"])];
    let (output, _) = run(&job(Some("text/csv; label_size=1"), true), "epochs", "train 2 0", epochs);
    assert_eq!(
        told(&output.expect_status(0)),
        ["epoch 0: 4 rows of 1 columns, sum 14, labels 2", "epoch 1: 4 rows of 1 columns, sum 14, labels 2"]
    );
}

#[test]
fn every_format_comes_through_a_pipe() {
    let npy = |values: [f32; 4]| {
        let mut bytes = b"\x93NUMPY\x01\x00\x46\x00".to_vec();
        bytes.extend(format!("{:<69}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }").as_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    };
    let record = |label: f32, values: [f32; 2]| {
        let tensor = |values: &[f32]| {
            let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            [&[0x0A, packed.len() as u8][..], &packed].concat()
        };
        let entry = |tag: u8, values: &[f32]| {
            let value = [&[0x12, tensor(values).len() as u8][..], &tensor(values)].concat();
            let pair = [&[0x0A, 6][..], b"values", &[0x12, value.len() as u8], &value].concat();
            [&[tag, pair.len() as u8][..], &pair].concat()
        };
        [entry(0x0A, &values), entry(0x12, &[label])].concat()
    };
    let recordio = || frames(&[&record(1.0, [2.0, 3.0]), &record(0.0, [4.0, 5.0])]);
    let sum14 = "rows of 2 columns, sum 14, labels 1";
    let table = |name: &str| std::fs::read(repository().join("tests/fixtures/tables").join(name)).unwrap();
    let libsvm = || b"1 1:2 2:3\n0 1:4 2:5\n".to_vec();
    for (content_type, framed, bytes, how, wanted) in [
        ("text/libsvm", false, libsvm(), "train 3 0", sum14),
        ("text/libsvm", true, frames(&[&libsvm()]), "train 3 1", sum14),
        ("text/libsvm; index_base=1", false, libsvm(), r#"train 3 1 9 {"columns": 2}"#, sum14),
        ("application/jsonlines", false, b"[1, 2, 3]\n[0, 4, 5]\n".to_vec(), "train 3 0", sum14),
        ("application/x-recordio-protobuf", false, recordio(), "train 3 0", sum14),
        ("application/x-recordio-protobuf", false, recordio(), "train 3 1", sum14),
        ("application/x-recordio-protobuf", true, frames(&[&recordio()]), "train 3 7", sum14),
        ("application/x-npy", false, npy([2.0, 3.0, 4.0, 5.0]), "train 3 0", "2 rows of 2 columns, sum 14, labels 0"),
        ("application/x-npy", true, frames(&[&npy([1.0; 4]), &npy([2.0; 4])]), "train 3 3", "4 rows of 2 columns, sum 12, labels 0"),
        ("application/x-npz", false, table("named.npz"), "train 3 0", "6 rows of 3 columns, sum 33, labels 3"),
        ("application/x-parquet", false, table("decimals.parquet"), "train 3 4", "6 rows of 1 columns, sum 7.5, labels 7.5"),
        (
            "application/x-parquet",
            true,
            frames(&[&table("decimals.parquet"), &table("decimals.parquet")]),
            "train 3 0",
            "12 rows of 1 columns, sum 15, labels 15",
        ),
    ] {
        let (output, read) = run(&job(Some(content_type), framed), "epochs", how, vec![bytes]);
        let lines = told(&output.expect_status(0));
        assert!(lines.len() == 3 && lines.iter().all(|line| line.ends_with(wanted)), "{content_type} {how}: {lines:?}");
        assert_eq!(read, 3, "{content_type} {how}");
    }
}

#[test]
fn an_augmented_manifests_attributes_are_records() {
    let image = vec![0xFF; 300_000];
    let epochs = vec![frames(&[&image, br#"{"class": 3}"#, b"second image", b"4"])];
    let (output, read) = run(&job(Some("application/x-recordio"), true), "records", "train 2 3 1000", epochs);
    let lines = told(&output.expect_status(0));
    for (line, wanted) in lines.iter().zip([
        "epoch 0: 1 at once",
        "epoch 0: None 300000 bytes",
        "epoch 0: 3 at once",
        r#"epoch 0: None 12 bytes "{\"class\": 3}""#,
        "epoch 0: None 12 bytes \"second image\"",
        "epoch 0: None 1 bytes \"4\"",
        "epoch 1: 1 at once",
    ]) {
        assert!(line.starts_with(wanted), "{line}, wanted {wanted}");
    }
    assert_eq!((lines.len(), read), (12, 2));
}

/// The same rows, from a file and through a pipe, give the same model.
#[test]
fn algorithms_find_the_same_model_through_a_pipe() {
    let noise = noise(4000);
    let rows: String =
        noise.chunks_exact(4).map(|row| format!("{},{},{},{}\n", u8::from(row[0] > row[1]), row[0], row[1], row[2])).collect();
    for (name, hyperparameters) in [
        ("linear-learner-rust", json!({"predictor_type": "binary_classifier"})),
        ("pca-rust", json!({"num_components": "2"})),
        ("mlp-rust", json!({"predictor_type": "classifier", "epochs": "3"})),
    ] {
        let component = guest(name);
        let model = |base: &Base| {
            algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", &component).run().expect_status(0);
            std::fs::read(base.join("model/model.safetensors")).unwrap()
        };
        let file = Base::new();
        file.hyperparameters(&hyperparameters).write("input/data/train/rows.csv", &rows);
        file.channels(&json!({"train": {"TrainingInputMode": "File", "ContentType": "text/csv"}}));
        let wanted = model(&file);
        let pipe = job(Some("text/csv"), false);
        pipe.hyperparameters(&hyperparameters);
        std::fs::create_dir_all(pipe.join("input/data")).unwrap();
        let writer = Writer::start(pipe.join("input/data/train"), vec![rows.clone().into_bytes()]);
        assert!(model(&pipe) == wanted, "{name}");
        assert!(writer.end() > 0);
    }
}

#[test]
fn what_is_wrong_with_a_pipe_is_told() {
    let csv_type = Some("text/csv");
    for (base, mode, text, bytes, status, wanted) in [
        (job(None, false), "epochs", "train", csv(2, 1), 1, "channel 'train': no content type is given, and a pipe's name does not tell"),
        (job(csv_type, false), "epochs", "train", b"1,2\n1,x\n".to_vec(), 1, "train/train_0:2: column 2 is 'x', not a number"),
        (job(csv_type, false), "epochs", "train", Vec::new(), 1, "channel 'train': no rows in the pipe"),
        (
            job(csv_type, true),
            "epochs",
            "train",
            csv(2, 1),
            1,
            "record at byte 0 of the pipe: no RecordIO frame: begins with the bytes 302c302c",
        ),
        (
            job(csv_type, true),
            "epochs",
            "train",
            frames(&[b"1,2\n"])[..10].to_vec(),
            1,
            "the data ends within a frame; 2 bytes are missing",
        ),
        (job(csv_type, false), "records", "train", csv(2, 1), 1, "channel 'train': nothing tells where the objects in the pipe end"),
        (job(Some("application/x-recordio"), false), "records", "train", b"no record".to_vec(), 1, "train/train_0: no RecordIO frame"),
        (job(csv_type, false), "list-files", "train", csv(2, 1), 2, "list-files: channel 'train' is in Pipe mode and has no files"),
        (job(csv_type, false), "open-twice", "train", csv(2, 1), 2, "channel 'train': comes through a pipe, which is being read"),
    ] {
        let (output, _) = run(&base, mode, text, vec![bytes]);
        output.expect_status(status);
        let failure = base.read("output/failure");
        assert!(failure.contains(wanted), "{failure}");
    }
    let (output, _) = run(&job(csv_type, false), "epochs", "train 2 0", vec![csv(2, 1), b"1,2\n".to_vec()]);
    let stderr = output.expect_status(1).stderr;
    assert!(stderr.contains("channel 'train': 1 column of features, 2 are wanted"), "{stderr}");
}

/// Somebody who waits for a pipe that never comes can still be stopped.
#[test]
fn a_job_that_waits_for_a_pipe_ends_when_it_is_told_to() {
    let base = job(Some("text/csv"), false);
    base.hyperparameters(&json!({"mode": "epochs", "text": "train"}));
    let component = guest("faulty");
    let begun = Instant::now();
    let output = algohost(["train"])
        .base(base.path())
        .env("ALGOHOST_COMPONENT", component)
        .env("ALGOHOST_LOG", "debug")
        .env("ALGOHOST_MAX_RUNTIME_SECONDS", "1")
        .env("ALGOHOST_STOP_GRACE_SECONDS", "1")
        .run();
    let stderr = output.expect_status(2).stderr;
    assert!(stderr.contains("waiting for the pipe ") && stderr.contains("was interrupted"), "{stderr}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}
