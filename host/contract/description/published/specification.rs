//! The platform's TrainingSpecification and InferenceSpecification, as CreateAlgorithm takes them.
//!
//! The platform has closed ranges only: an open end of a continuous range is told as a closed one, and the host still refuses it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::contract::description::channel::INPUT_MODES;
use crate::contract::description::{ChannelSpec, Description, Goal, Hyperparameter, Kind, Metric};

/// Machines that this container runs on: any with an x86-64 processor; these are offered for training, hosting and batches alike.
const INSTANCE_TYPES: [&str; 14] = [
    "ml.m5.large",
    "ml.m5.xlarge",
    "ml.m5.2xlarge",
    "ml.m5.4xlarge",
    "ml.m5.12xlarge",
    "ml.m5.24xlarge",
    "ml.c5.xlarge",
    "ml.c5.2xlarge",
    "ml.c5.4xlarge",
    "ml.c5.9xlarge",
    "ml.c5.18xlarge",
    "ml.m6i.large",
    "ml.m6i.xlarge",
    "ml.m6i.2xlarge",
];

/// What the host decodes and encodes where a description does not say.
const CHANNEL_TYPES: [&str; 3] = ["text/csv", "text/libsvm", "application/x-npy"];
const REQUEST_TYPES: [&str; 3] = ["text/csv", "application/json", "application/x-npy"];
const ANSWER_TYPES: [&str; 3] = ["application/json", "text/csv", "application/x-npy"];

/// The platform's limits: characters of a description, values of a category.
const LONGEST_TEXT: usize = 1024;
const MOST_VALUES: usize = 30;

/// `TrainingSpecification`. Without an image, its key is left out, and must be added before the platform takes it.
pub fn training_specification(description: &Description, image: Option<&str>) -> Value {
    let mut specification = json!({});
    if let Some(image) = image {
        specification["TrainingImage"] = image.into();
    }
    let anything =
        ChannelSpec { name: "train".into(), required: false, content_types: Vec::new(), input_modes: Vec::new(), help: "Any data".into() };
    // The platform wants one channel at least.
    let channels = if description.channels.is_empty() { std::slice::from_ref(&anything) } else { &description.channels };
    let goals = description.metrics.iter().filter_map(|metric| Some((metric, metric.goal?)));
    specification["SupportedHyperParameters"] = description.hyperparameters.iter().map(hyperparameter).collect();
    specification["SupportedTrainingInstanceTypes"] = json!(INSTANCE_TYPES);
    specification["SupportsDistributedTraining"] = false.into();
    specification["MetricDefinitions"] = description.metrics.iter().map(metric).collect();
    specification["TrainingChannels"] = channels.iter().map(channel).collect();
    specification["SupportedTuningJobObjectiveMetrics"] = goals.map(|(metric, goal)| objective(metric, goal)).collect();
    specification
}

/// `InferenceSpecification`. Without an image, its key is left out, and must be added before the platform takes it.
pub fn inference_specification(description: &Description, image: Option<&str>) -> Value {
    let inference = &description.inference;
    json!({
        "Containers": [image.map_or_else(|| json!({}), |image| json!({"Image": image}))],
        "SupportedTransformInstanceTypes": INSTANCE_TYPES,
        "SupportedRealtimeInferenceInstanceTypes": INSTANCE_TYPES,
        "SupportedContentTypes": or(&inference.content_types, &REQUEST_TYPES),
        "SupportedResponseMIMETypes": or(&inference.accept, &ANSWER_TYPES),
    })
}

fn hyperparameter(declared: &Hyperparameter) -> Value {
    let (kind, range) = match declared.kind {
        Kind::Integer => ("Integer", integer_range(declared)),
        Kind::Continuous => ("Continuous", continuous_range(declared)),
        Kind::Categorical if declared.choices.len() <= MOST_VALUES => ("Categorical", Some(categories(&declared.choices))),
        Kind::Flag => ("Categorical", Some(categories(&["true", "false"]))),
        Kind::Categorical | Kind::Text | Kind::Integers | Kind::Numbers => ("FreeText", None),
    };
    let mut specification = json!({"Name": declared.name, "Type": kind, "IsTunable": declared.tunable, "IsRequired": declared.required});
    if !declared.help.is_empty() {
        specification["Description"] = text(&declared.help).into();
    }
    if let Some(range) = range {
        specification["Range"] = range;
    }
    if let Some(Ok(default)) = declared.default.as_ref().map(|default| declared.read(default)) {
        specification["DefaultValue"] = default.as_str().map_or_else(|| default.to_string(), str::to_owned).into();
    }
    specification
}

/// All integers of the kind where a bound is not declared.
fn integer_range(declared: &Hyperparameter) -> Option<Value> {
    let low = declared.min.map(f64::ceil).or(declared.exclusive_min.map(|min| min.floor() + 1.0)).unwrap_or(i32::MIN.into());
    let high = declared.max.map(f64::floor).or(declared.exclusive_max.map(|max| max.ceil() - 1.0)).unwrap_or(i32::MAX.into());
    let (low, high) = (low.max(i32::MIN.into()), high.min(i32::MAX.into()));
    Some(json!({"IntegerParameterRangeSpecification": {"MinValue": low.to_string(), "MaxValue": high.to_string()}}))
}

/// None where no bound is declared; the largest numbers there are for one that is missing.
fn continuous_range(declared: &Hyperparameter) -> Option<Value> {
    let (low, high) = (declared.low(), declared.high());
    if low.is_none() && high.is_none() {
        return None;
    }
    let shown = |bound: f64| format!("{bound:?}");
    let (low, high) = (shown(low.unwrap_or(f64::MIN)), shown(high.unwrap_or(f64::MAX)));
    Some(json!({"ContinuousParameterRangeSpecification": {"MinValue": low, "MaxValue": high}}))
}

fn categories(values: &[impl Serialize]) -> Value {
    json!({"CategoricalParameterRangeSpecification": {"Values": values}})
}

fn channel(declared: &ChannelSpec) -> Value {
    let mut specification = json!({
        "Name": declared.name,
        "IsRequired": declared.required,
        "SupportedContentTypes": or(&declared.content_types, &CHANNEL_TYPES),
        "SupportedCompressionTypes": ["None"],
        "SupportedInputModes": or(&declared.input_modes, &INPUT_MODES),
    });
    if !declared.help.is_empty() {
        specification["Description"] = text(&declared.help).into();
    }
    specification
}

/// The expression finds the metric's value in the line that the host prints for it, `name=value step=N`.
fn metric(declared: &Metric) -> Value {
    json!({"Name": declared.name, "Regex": format!("(?:^|\\s){}=([-+0-9.eE]+)", escaped(&declared.name))})
}

fn objective(declared: &Metric, goal: Goal) -> Value {
    let goal = match goal {
        Goal::Minimize => "Minimize",
        Goal::Maximize => "Maximize",
    };
    json!({"Type": goal, "MetricName": declared.name})
}

/// A name as a regular expression that matches only it.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '_' | '-' | ':' | '/') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Text that the platform takes: one line, not too long.
fn text(help: &str) -> String {
    help.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}

fn or(declared: &[String], usual: &[&str]) -> Value {
    if declared.is_empty() { json!(usual) } else { json!(declared) }
}
