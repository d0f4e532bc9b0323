//! The formats that channels are decoded from: the same rows give the same model, whatever they are written in.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{Base, algohost, guest, noise, repository, tensor, train_guest};

/// 60 rows: a label, 0 or 1, and four features, of which the last is mostly 0.
fn rows() -> Vec<(f32, [f32; 4])> {
    let noise = noise(240);
    let features =
        noise.chunks_exact(4).map(|four| [four[0] as f32, four[1] as f32, four[2] as f32, if four[3] > 0.5 { 2.0 } else { 0.0 }]);
    features.map(|row| (f32::from(u8::from(row[0] + row[3] > 0.3)), row)).collect()
}

fn csv() -> Vec<u8> {
    let line = |(label, [a, b, c, d]): (f32, [f32; 4])| format!("{label},{a},{b},{c},{d}\n");
    rows().into_iter().map(line).collect::<String>().into_bytes()
}

fn json_lines(sparse: bool) -> Vec<u8> {
    let line = |(label, row): (f32, [f32; 4])| {
        if !sparse {
            return json!({"features": row, "label": label}).to_string() + "\n";
        }
        let stored = (0..4_usize).filter(|&column| row[column] != 0.0);
        let (keys, values): (Vec<usize>, Vec<f32>) = stored.map(|column| (column, row[column])).unzip();
        json!({"data": {"features": {"keys": keys, "shape": [4], "values": values}}, "label": label}).to_string() + "\n"
    };
    rows().into_iter().map(line).collect::<String>().into_bytes()
}

/// A field of bytes, none of which is longer than 127.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(content.len()).unwrap()][..], content].concat()
}

fn record_io(sparse: bool) -> Vec<u8> {
    let floats = |values: &[f32]| field(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    let entry = |map: u8, tensor: &[u8]| field(map, &[field(1, b"values"), field(2, &field(2, tensor))].concat());
    let frame = |(label, row): (f32, [f32; 4])| {
        let tensor = if sparse {
            let keys: Vec<u8> = (0..4).filter(|&column| row[usize::from(column)] != 0.0).collect();
            let values: Vec<f32> = row.into_iter().filter(|&value| value != 0.0).collect();
            [floats(&values), field(2, &keys), field(3, &[4])].concat()
        } else {
            floats(&row)
        };
        let record = [entry(1, &tensor), entry(2, &floats(&[label]))].concat();
        let mut frame = [0xCED7_230A_u32.to_le_bytes(), u32::try_from(record.len()).unwrap().to_le_bytes()].concat();
        frame.extend(record);
        frame.resize(frame.len().next_multiple_of(4), 0);
        frame
    };
    rows().into_iter().flat_map(frame).collect()
}

/// A job whose channel `train` is one file. An empty content type is none.
fn job(hyperparameters: &Value, content_type: &str, name: &str, bytes: &[u8]) -> Base {
    let base = Base::new();
    base.hyperparameters(hyperparameters);
    let mut channel = json!({"TrainingInputMode": "File"});
    if !content_type.is_empty() {
        channel["ContentType"] = json!(content_type);
    }
    base.channels(&json!({"train": channel})).write(&format!("input/data/train/{name}"), bytes);
    base
}

fn learner() -> Value {
    // Sparse features are not centred, so neither are these.
    json!({"predictor_type": "binary_classifier", "unbias_data": "false", "l2": "0.01", "max_iterations": "40"})
}

/// The weights that a learner finds in rows of a file.
fn weights(content_type: &str, name: &str, bytes: &[u8]) -> Vec<f32> {
    let base = job(&learner(), content_type, name, bytes);
    train_guest("linear-learner-rust", &base, 0);
    tensor(&base, "weight")
}

#[test]
fn the_same_rows_give_the_same_model_in_every_format() {
    let wanted = weights("", "rows.csv", &csv());
    for (name, bytes) in [("rows.jsonl", json_lines(false)), ("rows.pbr", record_io(false))] {
        assert_eq!(weights("", name, &bytes), wanted, "{name}");
    }
    for (name, bytes) in [("rows.jsonl", json_lines(true)), ("rows.pbr", record_io(true))] {
        let apart = weights("", name, &bytes).iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.02, "{name}: {apart}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn packed_files_give_the_same_model() {
    let csv = csv();
    let wanted = weights("", "rows.csv", &csv);
    let (head, tail) = csv.split_at(1000);
    for (content_type, name, bytes) in [
        ("", "rows.csv.gz", [gzip(head), gzip(tail)].concat()),
        ("text/csv", "rows.csv.zst", [zstd(head), zstd(tail)].concat()),
        ("", "rows.jsonl.gz", gzip(&json_lines(false))),
        ("", "rows.pbr.zst", zstd(&record_io(false))),
    ] {
        assert_eq!(weights(content_type, name, &bytes), wanted, "{name}");
    }
    let whole = gzip(&csv);
    let base = job(&learner(), "text/csv", "rows.csv.gz", &whole[..whole.len() - 9]);
    train_guest("linear-learner-rust", &base, 1);
    let failure = base.failure();
    assert!(failure.contains("train/rows.csv.gz: gzip data broken after ") && failure.ends_with("the file ends too early"), "{failure}");
}

#[test]
fn content_types_name_the_formats_too() {
    let settings = json!({"predictor_type": "classifier", "epochs": "1"});
    for (content_type, bytes) in [
        ("application/x-recordio-protobuf", record_io(false)),
        ("recordio-protobuf", record_io(false)),
        ("application/jsonlines; charset=utf-8", json_lines(false)),
        ("application/x-ndjson", json_lines(false)),
        ("parquet", written_by_python("rows.parquet")),
        ("application/vnd.apache.parquet; label_size=1", written_by_python("rows.parquet")),
        ("application/x-npz", written_by_python("rows.npz")),
    ] {
        train_guest("mlp-rust", &job(&settings, content_type, "part-0", &bytes), 0);
    }
}

#[test]
fn a_broken_file_is_told_with_its_place() {
    let cut = record_io(false);
    let told = |name: &str, bytes: &[u8]| {
        let base = job(&learner(), "", name, bytes);
        train_guest("linear-learner-rust", &base, 1);
        base.failure()
    };
    let failure = told("rows.pbr", &cut[..cut.len() - 9]);
    assert!(failure.contains("train/rows.pbr: record 60, at byte ") && failure.contains("the file ends within a frame of"), "{failure}");
    let failure = told("rows.pbr", b"1,2,3\n4,5,6\n");
    assert!(failure.contains("train/rows.pbr: record 1, at byte 0: no RecordIO frame: begins with the bytes 312c322c"), "{failure}");
    let failure = told("rows.jsonl", b"[1, 2]\n[1, \"x\"]\n");
    assert!(failure.contains("train/rows.jsonl:2: column 2 is '\"x\"', not a number"), "{failure}");
}

/// Learned where the job does not say them.
#[test]
fn columns_of_text_become_numbers() {
    let text = r#"train 2 0 9 {"categories": {"1": "learn", "3": ["red", "blue"]}}"#;
    let base = job(&json!({"mode": "epochs", "text": text}), "text/csv", "a.csv", b"yes,1,red\nno,2,blue\n\"yes\",3,blue\n");
    let told = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0).stderr;
    for wanted in [
        r#"categories {"1":["no","yes"],"3":["red","blue"]}"#,
        "epoch 0: 3 rows of 2 columns, sum 8, labels 2",
        "epoch 1: 3 rows of 2 columns, sum 8, labels 2",
    ] {
        assert!(told.contains(wanted), "{told}");
    }
}

/// FastFile mode fetches what is read: the whole channel is read once, in every format that does not have to be looked through first.
#[test]
fn what_is_fetched_while_it_is_read_is_read_once() {
    let rows = 600_000;
    let text: String = (0..rows).map(|row| format!("{},{},0.125\n", row % 2, row % 10)).collect();
    let lines: String = (0..rows).map(|row| format!("[{},{},0.125]\n", row % 2, row % 10)).collect();
    for (content_type, name, bytes) in [("text/csv", "a.csv", text), ("application/jsonlines", "a.jsonl", lines)] {
        let base = job(&json!({"mode": "epochs", "text": "train 1 0"}), "", name, bytes.as_bytes());
        let run = || algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).bytes_read();
        let read = |mode: &str| {
            base.channels(&json!({"train": {"TrainingInputMode": mode, "ContentType": content_type}}));
            let (told, read) = run();
            assert!(told.contains("epoch 0: 600000 rows of 2 columns, sum 2775000, labels 300000"), "{told}");
            read
        };
        let (file, fast) = (read("File"), read("FastFile"));
        base.hyperparameters(&json!({"mode": "none"}));
        let (_, idle) = run();
        let times = |read: f64| (read - idle) / bytes.len() as f64;
        assert!(times(fast) < 1.3, "{content_type}: read {} times in FastFile mode", times(fast));
        // Of CSV the rows need not be counted first.
        let wanted = if content_type == "text/csv" { 0.9..1.3 } else { 1.8..2.3 };
        assert!(wanted.contains(&times(file)), "{content_type}: read {} times in File mode", times(file));
    }
}

/// Megabytes that a job had at most, as its report tells.
fn most_memory(base: &Base) -> f64 {
    let report = base.read("output/data/report.html");
    let rest = report.split_once("most memory</td><td class=\"n\">").unwrap().1;
    let (number, unit) = rest.split_once('<').unwrap().0.split_once(' ').unwrap();
    assert_eq!(unit, "MB");
    number.parse().unwrap()
}

#[test]
fn a_channel_ten_times_as_large_takes_no_more_memory_in_batches() {
    let memory = |rows: u32, how: &str| {
        let text: String = (0..rows).map(|row| format!("{},{},0.125\n", row % 2, row % 10)).collect();
        let base = job(&json!({"mode": "epochs", "text": how}), "text/csv", "a.csv", text.as_bytes());
        algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0);
        most_memory(&base)
    };
    for how in ["train 2 5000", r#"train 2 5000 4294967295 {"shuffle_seed": 1, "shuffle_rows": 20000}"#] {
        let (small, large) = (memory(300_000, how), memory(3_000_000, how));
        assert!(large < small + 8.0, "{how}: {small} MB for 3 MB of rows, {large} MB for 30 MB");
    }
}

/// A file that pyarrow, NumPy or SciPy wrote.
fn written_by_python(name: &str) -> Vec<u8> {
    std::fs::read(repository().join("tests/fixtures/tables").join(name)).unwrap()
}

#[test]
fn files_of_python_give_the_same_model() {
    let wanted = weights("", "rows.csv", &csv());
    for name in ["rows.parquet", "rows.npz"] {
        assert_eq!(weights("", name, &written_by_python(name)), wanted, "{name}");
    }
    let sparse = weights("", "rows.npz", &written_by_python("rows-csr.npz"));
    let apart = sparse.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 0.02, "{apart}");
}

#[test]
fn rows_of_several_parquet_files_follow_one_another() {
    let file = written_by_python("rows.parquet");
    let base = job(&learner(), "", "a.parquet", &file);
    base.write("input/data/train/more/b.parquet", &file);
    train_guest("linear-learner-rust", &base, 0);
    let twice = [csv(), csv()].concat();
    assert_eq!(tensor(&base, "weight"), weights("", "rows.csv", &twice));
}

#[test]
fn files_of_python_that_cannot_be_read_are_told() {
    let told = |name: &str, bytes: &[u8], wanted: &str| {
        let base = job(&learner(), "", name, bytes);
        train_guest("linear-learner-rust", &base, 1);
        let failure = base.failure();
        assert!(failure.contains(wanted), "{failure}");
    };
    let parquet = written_by_python("rows.parquet");
    told("rows.parquet", &written_by_python("text.parquet"), "train/rows.parquet: column 'name' is text (STRING), not a number");
    told("rows.parquet", &parquet[..parquet.len() - 9], "train/rows.parquet: no whole Parquet file: it does not end with PAR1");
    let mut broken = parquet.clone();
    broken[30..60].fill(0xFF);
    told("rows.parquet", &broken, "train/rows.parquet: row group 1 of 3, column 'label': ");
    let objects = "train/rows.npz: member 'x': an array of Python objects, which can run any program when it is read; save plain numbers";
    told("rows.npz", &written_by_python("objects.npz"), objects);
    told("rows.npz", &written_by_python("csc.npz"), "train/rows.npz: a SciPy matrix in the format 'csc'; csr is supported");
}
