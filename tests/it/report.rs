//! What a training job says of itself: metrics and the report.

use serde_json::{Value, json};

use crate::support::{Base, Outcome, algohost, guest, repository};

const REPORT: &str = "output/data/report.html";
const METRICS: &str = "output/data/metrics.jsonl";

/// A job of the guest that reports `count` values of the declared metric `loss` and three of another.
fn reporting(base: &Base, count: u32, environment: &[(&str, &str)]) -> Outcome {
    base.hyperparameters(&json!({"mode": "metrics", "text": count.to_string()}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    environment.iter().fold(run, |run, (name, value)| run.env(name, value)).run().expect_status(0)
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn every_value_is_a_line_of_json_whatever_number_it_is() {
    let base = Base::new();
    base.write(METRICS, "left by an earlier job\n");
    let outcome = reporting(&base, 2, &[]);
    let lines = json_lines(&base.read(METRICS));
    let without_time: Vec<Value> = lines.iter().map(|line| json!([line["name"], line["value"], line["step"]])).collect();
    let other = "<b>other</b>";
    let wanted = [json!(["loss", 1.0, 0]), json!(["loss", 0.5, 1]), json!([other, "NaN", 7]), json!([other, "Infinity", 7])];
    assert_eq!(without_time[..4], wanted);
    assert_eq!(without_time.len(), 5);
    assert!(lines.iter().all(|line| line["time"].as_f64().unwrap() > 1.7e9));
    assert_eq!(outcome.stdout.lines().nth(1), Some("loss=0.5 step=1"));
    let warned = outcome.stderr.matches("metric '<b>other</b>' is not declared by the component; it is passed on").count();
    assert_eq!(warned, 1, "{}", outcome.stderr);
}

#[test]
fn embedded_metrics_are_lines_of_their_own_when_asked_for() {
    let base = Base::new();
    let asked = [("ALGOHOST_EMF", "1"), ("ALGOHOST_EMF_NAMESPACE", "shop"), ("TRAINING_JOB_NAME", "job-7")];
    let stdout = reporting(&base, 1, &asked).stdout;
    let lines: Vec<&str> = stdout.lines().filter(|line| line.starts_with('{')).collect();
    // What is not finite has none.
    assert_eq!(lines.len(), 2, "{stdout}");
    let line: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&line["loss"], &line["Host"], &line["TrainingJobName"]), (&json!(1.0), &json!("algo-1"), &json!("job-7")));
    let directive = json!([{
        "Namespace": "shop",
        "Dimensions": [["TrainingJobName", "Host"]],
        "Metrics": [{"Name": "loss", "Unit": "Percent"}]
    }]);
    assert_eq!(line["_aws"]["CloudWatchMetrics"], directive);
    assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(!reporting(&base, 1, &[]).stdout.contains("_aws"));
}

#[test]
fn a_million_values_fill_neither_log_nor_disk_and_the_last_one_is_told() {
    let base = Base::new();
    let outcome = reporting(&base, 1_000_000, &[]);
    let text = base.read(METRICS);
    assert!(text.lines().count() < 150_000, "{}", text.lines().count());
    assert!(text.lines().any(|line| line.contains("\"step\":999999}")));
    assert!(outcome.stdout.lines().any(|line| line.ends_with(" step=999999")));
    assert_eq!(outcome.stderr.matches("20000 values were told").count(), 1, "{}", outcome.stderr);
    assert!(base.read(REPORT).contains("<td class=\"n\">1000000</td>"));
}

#[test]
fn a_report_tells_what_a_job_was_and_did() {
    let base = Base::of_sample(&repository().join("guest-examples/linear-learner-rust/samples/breast-cancer"));
    let component = guest("linear-learner-rust");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", &component).env("ALGOHOST_THREADS", "2");
    run.run().expect_status(0);
    let page = base.read(REPORT);
    for wanted in [
        "<h1>linear-learner <span",
        "<b class=\"good\">succeeded</b>",
        "component linear-learner-rust.wasm, sha256 <code>",
        "<figcaption><b>loss</b>",
        "</svg> train_loss</span>",
        "</svg> validation_loss</span>",
        "<td>train_loss</td><td>minimize</td>",
        "<tr><td>l2</td><td>0.01</td><td>given</td></tr>",
        "<tr class=\"s\"><td>mini_batch_size</td><td>256</td><td>default</td></tr>",
        "<td>model.safetensors</td>",
        "<td>kernel threads</td><td class=\"n\">2</td>",
        "<td>most memory</td><td class=\"n\">",
        "<td>load</td><td class=\"n\">",
        "<td>train</td><td class=\"n\">",
    ] {
        assert!(page.contains(wanted), "no {wanted} in:\n{page}");
    }
    let rows = base.read("input/data/train/train.csv").lines().count();
    let bytes = base.read("input/data/train/train.csv").len() as f64 / 1000.0;
    let data =
        format!("<tr><td>train</td><td>text/csv</td><td class=\"n\">1</td><td class=\"n\">{bytes:.1} KB</td><td class=\"n\">{rows}</td>");
    assert!(page.contains(&data), "no {data} in:\n{page}");
    assert!(page.len() < 100_000 && !page.contains("<script") && !page.contains("http:") && !page.contains("https:"), "{page}");
}

#[test]
fn a_failed_job_has_a_report_and_hostile_words_stay_words() {
    let base = Base::new();
    let hostile = "<script>alert('x')</script>";
    base.hyperparameters(&json!({"mode": "error", "text": hostile}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(2);
    let page = base.read(REPORT);
    assert!(
        page.contains("<b class=\"bad\">failed</b>") && page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\n(algorithm"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");

    // Also of one that does not even find its component, or its configuration.
    let lost = Base::new();
    algohost(["train"]).base(lost.path()).run().expect_status(1);
    assert!(lost.read(REPORT).contains("no algorithm component found"));
    lost.remove("input/config/resourceconfig.json");
    algohost(["train"]).base(lost.path()).run().expect_status(1);
    assert!(lost.read(REPORT).contains("resourceconfig.json is missing"));
}

#[test]
fn a_report_can_be_left_out_and_an_algorithms_own_is_left_alone() {
    let base = Base::new();
    reporting(&base, 1, &[("ALGOHOST_REPORT", "0")]);
    assert!(!base.join(REPORT).exists() && base.join(METRICS).exists());
    let stderr = algohost(["train"]).base(base.path()).env("ALGOHOST_REPORT", "no").run().expect_status(1).stderr;
    assert!(stderr.contains("environment variable ALGOHOST_REPORT is 'no', wanted 1 or 0"), "{stderr}");

    base.hyperparameters(&json!({"mode": "create-file", "text": format!("/opt/ml/{REPORT}")}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let stderr = run.run().expect_status(0).stderr;
    assert_eq!(base.read(REPORT), "by the guest");
    assert!(stderr.contains("report.html is the algorithm's own"), "{stderr}");
}

#[test]
fn progress_is_told_at_a_bounded_rate() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "progress"}));
    for (seconds, wanted) in [("1", 1..=3), ("0", 0..=0), ("3600", 0..=0)] {
        let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
        let stderr = run.env("ALGOHOST_PROGRESS_SECONDS", seconds).run().expect_status(0).stderr;
        assert!(wanted.contains(&stderr.matches(" % done, about ").count()), "{seconds}: {stderr}");
    }
}

/// Under a terminal of its own: a bar instead of lines, which lines of the log push aside, and which is gone in the end.
#[test]
fn on_a_terminal_progress_is_a_bar() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "progress"}));
    let command = format!("'{}' train", env!("CARGO_BIN_EXE_algohost"));
    let run = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env("SAGEMAKER_BASE_DIR", base.path())
        .env("ALGOHOST_COMPONENT", guest("faulty"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{shown}");
    assert!(shown.contains("train: [=") && shown.contains(" %, ") && !shown.contains(" % done, about "), "{shown:?}");
    let end = shown.rfind("train: done in ").unwrap();
    assert!(!shown[end..].contains("train: ["), "{shown:?}");
}
