//! Every sample of every example: train, serve, ask, compare with the recorded answer, and measure the quality on rows that training did
//! not see. A new sample is a new folder, and a line in `PROMISED`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Base, Outcome, Server, algohost, guest, repository};

/// Every `guest-examples/NAME/samples/SAMPLE` of an example in Rust that trains.
fn samples() -> Vec<(String, PathBuf)> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    };
    let mut samples = Vec::new();
    for example in folders(&repository().join("guest-examples")) {
        let name = example.file_name().unwrap().to_string_lossy().into_owned();
        let trained = folders(&example.join("samples")).into_iter().filter(|sample| sample.join("input").is_dir());
        if example.join("Cargo.toml").is_file() {
            samples.extend(trained.map(|sample| (name.clone(), sample)));
        }
    }
    samples
}

#[test]
fn every_sample_trains_serves_and_is_good_enough() {
    for (example, sample) in samples() {
        let shown = sample.strip_prefix(repository()).unwrap().display().to_string();
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(sample.join("expected.json")).unwrap()).unwrap();
        let base = Base::of_sample(&sample);
        let trained: Outcome = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(&example)).run().expect_status(0);
        assert!(trained.stdout.contains(" step="), "{shown} reports no metric");
        let server = Server::start(base.path(), &guest(&example), &[]);
        compare_answer(&shown, &sample, &expected, &server);
        measure_quality(&shown, &sample, &expected["quality"], &server);
    }
}

/// The bound that the project promises for each sample, in the unit of its `quality.kind`: a sample's own file may ask for more, not for less.
const PROMISED: [(&str, &str, f64); 18] = [
    ("factorization-machines-rust/samples/even-digits", "at_least", 0.95),
    ("factorization-machines-rust/samples/ratings", "at_most", 0.36),
    ("gradient-boosting-rust/samples/breast-cancer", "at_least", 0.93),
    ("gradient-boosting-rust/samples/diabetes", "at_least", 0.21),
    ("gradient-boosting-rust/samples/digits", "at_least", 0.95),
    ("kmeans-rust/samples/digits", "at_most", 1_176_850.0),
    ("kmeans-rust/samples/wine", "at_most", 2_394_400.0),
    ("knn-rust/samples/diabetes", "at_least", 0.36),
    ("knn-rust/samples/digits", "at_least", 0.97),
    ("linear-learner-rust/samples/breast-cancer", "at_least", 0.95),
    ("linear-learner-rust/samples/diabetes", "at_least", 0.31),
    ("linear-learner-rust/samples/digits", "at_least", 0.94),
    ("linear-rust/samples/diabetes", "at_least", 0.31),
    ("mlp-rust/samples/diabetes", "at_least", 0.25),
    ("mlp-rust/samples/digits", "at_least", 0.97),
    ("pca-rust/samples/breast-cancer", "at_most", 456_640.0),
    ("pca-rust/samples/digits", "at_most", 228_230.0),
    ("random-cut-forest-rust/samples/breast-cancer", "at_least", 0.91),
];

#[test]
fn the_samples_ask_for_the_promised_quality() {
    let found: Vec<String> = samples()
        .iter()
        .map(|(_, path)| path.strip_prefix(repository().join("guest-examples")).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, PROMISED.map(|(sample, ..)| sample), "the samples there are, and those whose bound is stated in PROMISED");
    for (sample, key, promised) in PROMISED {
        let path = repository().join("guest-examples").join(sample).join("expected.json");
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let quality = &expected["quality"];
        let bound = quality[key].as_f64().unwrap_or_else(|| panic!("{sample}: no quality.{key}"));
        let keeps = if key == "at_most" { bound <= promised } else { bound >= promised };
        assert!(keeps, "{sample}: {key} {bound}, promised {promised}");
    }
}

fn compare_answer(shown: &str, sample: &Path, expected: &Value, server: &Server) {
    let text = |side: &str, key: &str| expected[side][key].as_str().unwrap_or_else(|| panic!("{shown}: no {side}.{key}")).to_owned();
    let body = std::fs::read(sample.join(text("request", "file"))).unwrap();
    let headers = [("content-type", text("request", "content_type")), ("accept", text("response", "content_type"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = server.invoke(&headers, &body).expect_status(200).json();
    let recorded = std::fs::read_to_string(sample.join(text("response", "file")));
    let recorded: Value =
        serde_json::from_str(&recorded.unwrap_or_else(|_| panic!("{shown} has no recorded answer; it is:\n{answer}"))).unwrap();
    let tolerance = expected["tolerance"].as_f64().unwrap();
    assert!(agree(&answer, &recorded, tolerance), "{shown}: {answer}\nrecorded: {recorded}");
}

/// The same JSON but for numbers, which may differ by `tolerance`, relative where they are above 1.
fn agree(a: &Value, b: &Value, tolerance: f64) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= tolerance * b.abs().max(1.0)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b, tolerance)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| agree(value, other, tolerance)))
        }
        (a, b) => a == b,
    }
}

fn measure_quality(shown: &str, sample: &Path, quality: &Value, server: &Server) {
    let text = |key: &str| quality[key].as_str().unwrap_or_else(|| panic!("{shown}: no quality.{key}"));
    let value = match text("kind") {
        "accuracy" => {
            let (labels, rows) = split_labels(&sample.join(text("held_out")));
            let predicted = predict(server, &rows, text("output"));
            let right = labels.iter().zip(&predicted).filter(|(label, predicted)| label == predicted).count();
            right as f64 / labels.len() as f64
        }
        "r2" => {
            let (labels, rows) = split_labels(&sample.join(text("held_out")));
            let predicted = predict(server, &rows, text("output"));
            let mean = labels.iter().sum::<f64>() / labels.len() as f64;
            let residual: f64 = labels.iter().zip(&predicted).map(|(label, predicted)| (label - predicted).powi(2)).sum();
            1.0 - residual / labels.iter().map(|label| (label - mean).powi(2)).sum::<f64>()
        }
        "rmse" => {
            let (labels, rows) = split_labels(&sample.join(text("held_out")));
            let predicted = predict(server, &rows, text("output"));
            let squares: f64 = labels.iter().zip(&predicted).map(|(label, predicted)| (label - predicted).powi(2)).sum();
            (squares / labels.len() as f64).sqrt()
        }
        "auc" => {
            let (labels, rows) = split_labels(&sample.join(text("held_out")));
            auc(&labels, &predict(server, &rows, text("output")))
        }
        "inertia" => {
            let rows = std::fs::read_to_string(sample.join(text("points"))).unwrap();
            predict(server, &rows, text("output")).iter().map(|distance| distance * distance).sum()
        }
        other => panic!("{shown}: quality.kind '{other}' is not known"),
    };
    assert!(quality["at_least"].is_number() || quality["at_most"].is_number(), "{shown}: neither at_least nor at_most");
    if let Some(bound) = quality["at_least"].as_f64() {
        assert!(value >= bound, "{shown}: {} is {value}, wanted at least {bound}", text("kind"));
    }
    if let Some(bound) = quality["at_most"].as_f64() {
        assert!(value <= bound, "{shown}: {} is {value}, wanted at most {bound}", text("kind"));
    }
    println!("{shown}: {} {value:.4}, {} {}", text("kind"), quality["peer"]["name"], quality["peer"]["value"]);
}

/// The share of the pairs of a row labelled 1 and a row labelled 0 in which the former scores higher; equal scores count half.
fn auc(labels: &[f64], scores: &[f64]) -> f64 {
    let of = |wanted: f64| labels.iter().zip(scores).filter(move |(label, _)| **label == wanted).map(|(_, score)| *score);
    let won = |above: f64| of(0.0).map(|below| if above > below { 1.0 } else { f64::from(u8::from(above == below)) / 2.0 }).sum::<f64>();
    of(1.0).map(won).sum::<f64>() / (of(1.0).count() * of(0.0).count()) as f64
}

/// The first column as numbers, and the others as they stand.
fn split_labels(path: &Path) -> (Vec<f64>, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| line.split_once(',').unwrap());
    let (labels, rows): (Vec<f64>, Vec<&str>) = rows.map(|(label, row)| (label.parse::<f64>().unwrap(), row)).unzip();
    assert!(!labels.is_empty());
    (labels, rows.join("\n"))
}

fn predict(server: &Server, rows: &str, output: &str) -> Vec<f64> {
    let headers = [("content-type", "text/csv"), ("accept", "application/json")];
    let answer = server.invoke(&headers, rows.as_bytes()).expect_status(200).json();
    let predictions = answer["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), rows.lines().count());
    predictions.iter().map(|prediction| prediction[output].as_f64().unwrap()).collect()
}
