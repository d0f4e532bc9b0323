//! The forms in which a value of a metric is told: a line for a regex, a JSON line, and CloudWatch's Embedded Metric Format.

use serde_json::{Value, json};

/// Keys of an embedded metric line that no metric may take.
const TAKEN: [&str; 4] = ["_aws", "TrainingJobName", "Host", "step"];

/// What CloudWatch calls its units.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// What every embedded metric line says.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// CloudWatch's namespace.
    pub namespace: String,
    /// The dimension `TrainingJobName`; none where the platform does not tell it.
    pub job: Option<String>,
    /// The dimension `Host`.
    pub host: String,
}

/// `name=value step=N`.
pub(super) fn plain(name: &str, value: f64, step: u32) -> String {
    format!("{name}={value} step={step}\n")
}

/// One JSON object on a line. JSON has no NaN and no infinities: they are the strings `NaN`, `Infinity` and `-Infinity`.
pub(super) fn json_line(seconds: f64, name: &str, value: f64, step: u32) -> String {
    let value = match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    };
    format!("{}\n", json!({"time": seconds, "name": name, "value": value, "step": step}))
}

impl Embedded {
    /// The line for CloudWatch; none for what it does not take: values that are not finite, and names that stand for something else.
    pub(super) fn line(&self, seconds: f64, name: &str, unit: &str, value: f64, step: u32) -> Option<String> {
        if !value.is_finite() || TAKEN.contains(&name) {
            return None;
        }
        let unit = UNITS.iter().find(|known| known.eq_ignore_ascii_case(unit)).unwrap_or(&"None");
        let mut dimensions = vec!["Host"];
        let mut line = json!({});
        if let Some(job) = &self.job {
            dimensions.insert(0, "TrainingJobName");
            line["TrainingJobName"] = job.as_str().into();
        }
        line["Host"] = self.host.as_str().into();
        line["step"] = step.into();
        line[name] = value.into();
        line["_aws"] = json!({
            "Timestamp": (seconds * 1000.0) as u64,
            "CloudWatchMetrics": [{"Namespace": self.namespace, "Dimensions": [dimensions], "Metrics": [{"Name": name, "Unit": unit}]}],
        });
        Some(format!("{}\n", Value::to_string(&line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_form_in_json() {
        for (value, wanted) in [(0.5, "0.5"), (f64::NAN, "\"NaN\""), (f64::INFINITY, "\"Infinity\""), (f64::NEG_INFINITY, "\"-Infinity\"")]
        {
            let wanted = format!("{{\"time\":1.5,\"name\":\"a\\\"b\",\"value\":{wanted},\"step\":3}}\n");
            assert_eq!(json_line(1.5, "a\"b", value, 3), wanted);
        }
    }

    #[test]
    fn an_embedded_line_has_the_documented_form() {
        let embedded = Embedded { namespace: "mine".into(), job: Some("job-1".into()), host: "algo-1".into() };
        let line = embedded.line(1700000000.5, "train_loss", "seconds", 0.25, 7).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let wanted = json!({
            "TrainingJobName": "job-1",
            "Host": "algo-1",
            "step": 7,
            "train_loss": 0.25,
            "_aws": {
                "Timestamp": 1700000000500u64,
                "CloudWatchMetrics": [{
                    "Namespace": "mine",
                    "Dimensions": [["TrainingJobName", "Host"]],
                    "Metrics": [{"Name": "train_loss", "Unit": "Seconds"}]
                }]
            }
        });
        assert_eq!(line, wanted);
        let unnamed = Embedded { job: None, ..embedded };
        let line: Value = serde_json::from_str(&unnamed.line(0.0, "x", "km", 1.0, 0).unwrap()).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Dimensions"], &directive["Metrics"][0]["Unit"]), (&json!([["Host"]]), &json!("None")));
        assert_eq!(unnamed.line(0.0, "x", "", f64::NAN, 0), None);
        assert_eq!(unnamed.line(0.0, "Host", "", 1.0, 0), None);
    }
}
