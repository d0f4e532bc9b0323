//! `algohost describe`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::contract::published::{inference_specification, json_schema, training_specification};
use crate::contract::{ChannelSpec, Description, Goal, Hyperparameter, Settings};
use crate::wasm::{self, Host, Origin};

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// The hyperparameters as JSON Schema.
    JsonSchema,
    /// What CreateAlgorithm takes for training.
    TrainingSpecification,
    /// What CreateAlgorithm takes for inference.
    InferenceSpecification,
}

impl Format {
    const ALL: [(&str, Format); 4] = [
        ("text", Format::Text),
        ("json-schema", Format::JsonSchema),
        ("training-specification", Format::TrainingSpecification),
        ("inference-specification", Format::InferenceSpecification),
    ];

    /// The format of that name, or the names there are.
    pub(super) fn named(name: &str) -> Result<Format, String> {
        let found = Format::ALL.iter().find(|(known, _)| *known == name).map(|&(_, format)| format);
        found.ok_or_else(|| format!("--format is '{name}', wanted {}", Format::ALL.map(|(known, _)| known).join(", ")))
    }
}

/// Asks the component what it is, and tells it in a format.
pub(super) fn run(component: &Path, format: Format, image: Option<&str>, settings: &Settings) -> Result<String> {
    let host = Host::new(1)?;
    let algorithm = host.load(component, Origin::Named, settings.component_sha256.as_deref())?;
    let description = Description::parse(&wasm::describe(&host, &algorithm)?)?;
    Ok(match format {
        Format::Text => as_text(&description),
        Format::JsonSchema => format!("{:#}\n", json_schema(&description)),
        Format::TrainingSpecification => format!("{:#}\n", training_specification(&description, image)),
        Format::InferenceSpecification => format!("{:#}\n", inference_specification(&description, image)),
    })
}

fn as_text(description: &Description) -> String {
    let mut text = format!("{} {}: {}\n", description.name, description.version, description.summary);
    let _ = writeln!(text, "\nHyperparameters:");
    description.hyperparameters.iter().for_each(|declared| hyperparameter(&mut text, declared));
    let _ = writeln!(text, "{}\nChannels:", none_of(&description.hyperparameters));
    description.channels.iter().for_each(|declared| channel(&mut text, declared));
    let _ = writeln!(text, "{}\nMetrics:", none_of(&description.channels));
    for metric in &description.metrics {
        let unit = if metric.unit.is_empty() { String::new() } else { format!(" in {}", metric.unit) };
        let goal = match metric.goal {
            Some(Goal::Minimize) => ", less is better",
            Some(Goal::Maximize) => ", more is better",
            None => "",
        };
        let _ = writeln!(text, "  {}{unit}{goal}", metric.name);
        help(&mut text, &metric.help);
    }
    let _ = writeln!(text, "{}\nRequests and answers:", none_of(&description.metrics));
    let usual = |declared: &[String]| if declared.is_empty() { "what the host decodes".to_owned() } else { declared.join(", ") };
    let _ = writeln!(text, "  requests: {}", usual(&description.inference.content_types));
    let _ = writeln!(text, "  answers: {}", usual(&description.inference.accept).replace("decodes", "encodes"));
    for output in &description.inference.outputs {
        let _ = writeln!(text, "  output {}", output.name);
        help(&mut text, &output.help);
    }
    text
}

/// A line that says so where nothing is declared.
fn none_of<T>(declared: &[T]) -> &'static str {
    if declared.is_empty() { "  none\n" } else { "" }
}

fn hyperparameter(text: &mut String, declared: &Hyperparameter) {
    let need = match (&declared.default, declared.required) {
        (_, true) => "required".to_owned(),
        (Some(default), _) => format!("default {}", default.as_str().map_or_else(|| default.to_string(), str::to_owned)),
        (None, _) => "optional".to_owned(),
    };
    let tunable = if declared.tunable { "; tunable" } else { "" };
    let _ = writeln!(text, "  {} ({need}{tunable}): {}", declared.name, declared.wanted());
    if !declared.aliases.is_empty() {
        let _ = writeln!(text, "      also called {}", declared.aliases.join(", "));
    }
    if let Some(condition) = &declared.required_when {
        let _ = writeln!(text, "      required when {condition}");
    }
    if let Some(condition) = &declared.only_when {
        let _ = writeln!(text, "      only used when {condition}");
    }
    help(text, &declared.help);
}

fn channel(text: &mut String, declared: &ChannelSpec) {
    let need = if declared.required { "required" } else { "optional" };
    let or_any = |declared: &[String]| if declared.is_empty() { "any".to_owned() } else { declared.join(", ") };
    let (types, modes) = (or_any(&declared.content_types), or_any(&declared.input_modes));
    let _ = writeln!(text, "  {} ({need}): content type {types}; input mode {modes}", declared.name);
    help(text, &declared.help);
}

fn help(text: &mut String, help: &str) {
    for line in help.lines() {
        let _ = writeln!(text, "      {line}");
    }
}
