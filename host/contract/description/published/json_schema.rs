//! The hyperparameters as JSON Schema (draft 2020-12).

use serde_json::{Map, Value, json};

use crate::contract::description::{Condition, Description, Hyperparameter, Kind};

/// The schema of an object with the job's hyperparameters, values in their own types. (In a job they are strings.)
pub fn json_schema(description: &Description) -> Value {
    let mut properties = Map::new();
    let (mut required, mut rules) = (Vec::new(), Vec::new());
    for declared in &description.hyperparameters {
        properties.insert(declared.name.clone(), property(declared));
        for alias in &declared.aliases {
            let mut same = property(declared);
            same["description"] = json!(format!("Another name of {}", declared.name));
            properties.insert(alias.clone(), same);
        }
        if !declared.aliases.is_empty() {
            rules.push(json!({"not": {"anyOf": pairs(declared)}}));
        }
        if declared.required && declared.aliases.is_empty() {
            required.push(declared.name.clone());
        } else if declared.required {
            rules.push(given(declared));
        }
        if let Some(condition) = &declared.required_when
            && declared.default.is_none()
        {
            rules.push(json!({"if": holds(condition, description), "then": given(declared)}));
        }
        if let Some(condition) = &declared.only_when {
            rules.push(json!({"if": given(declared), "then": holds(condition, description)}));
        }
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Hyperparameters of {} {}", description.name, description.version),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !rules.is_empty() {
        schema["allOf"] = rules.into();
    }
    schema
}

fn property(declared: &Hyperparameter) -> Value {
    let mut property = match declared.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Categorical => json!({"type": "string", "enum": declared.choices}),
        Kind::Integer | Kind::Continuous | Kind::Integers | Kind::Numbers => numbers(declared),
    };
    if !declared.help.is_empty() {
        property["description"] = json!(declared.help);
    }
    if let Some(Ok(default)) = declared.default.as_ref().map(|default| declared.read(default)) {
        property["default"] = default;
    }
    property
}

/// A number, or lists of them as deep as is declared.
fn numbers(declared: &Hyperparameter) -> Value {
    let mut schema = json!({"type": if declared.kind.is_whole() { "integer" } else { "number" }});
    let bounds = [
        ("minimum", declared.min),
        ("exclusiveMinimum", declared.exclusive_min),
        ("maximum", declared.max),
        ("exclusiveMaximum", declared.exclusive_max),
    ];
    for (key, bound) in bounds {
        if let Some(bound) = bound {
            schema[key] = number(bound);
        }
    }
    if !declared.kind.is_list() {
        return schema;
    }
    schema = json!({"type": "array", "items": schema});
    for (key, count) in [("minItems", declared.min_items), ("maxItems", declared.max_items)] {
        if let Some(count) = count {
            schema[key] = count.into();
        }
    }
    (1..declared.depth()).fold(schema, |items, _| json!({"type": "array", "items": items}))
}

/// Whole numbers without a point.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// That it is there, by any of its names.
fn given(declared: &Hyperparameter) -> Value {
    let mut names: Vec<Value> = [&declared.name].into_iter().chain(&declared.aliases).map(|name| json!({"required": [name]})).collect();
    if names.len() == 1 { names.remove(0) } else { json!({"anyOf": names}) }
}

/// That it is there by two names.
fn pairs(declared: &Hyperparameter) -> Vec<Value> {
    let names: Vec<&String> = [&declared.name].into_iter().chain(&declared.aliases).collect();
    let pairs = names.iter().enumerate().flat_map(|(at, one)| names[at + 1..].iter().map(move |other| json!({"required": [one, other]})));
    pairs.collect()
}

/// That a condition holds: by a value that is given under any name, or by the default where none is given.
fn holds(condition: &Condition, description: &Description) -> Value {
    let parts = condition.parts().map(|(name, wanted)| {
        let other = description.hyperparameters.iter().find(|other| other.name == name);
        let aliases = other.map(|other| other.aliases.as_slice()).unwrap_or_default();
        let names = || [name].into_iter().chain(aliases.iter().map(String::as_str));
        let default = other.and_then(|other| other.read(other.default.as_ref()?).ok());
        let by_default = default.is_some_and(|default| {
            wanted.iter().any(|one| *one == default || one.as_f64().is_some_and(|one| default.as_f64() == Some(one)))
        });
        let values: Map<String, Value> = names().map(|name| (name.to_owned(), json!({"enum": wanted}))).collect();
        match by_default {
            true => json!({"properties": values}),
            false => {
                let given: Vec<Value> = names().map(|name| json!({"required": [name]})).collect();
                json!({"properties": values, "anyOf": given})
            }
        }
    });
    let mut parts: Vec<Value> = parts.collect();
    if parts.len() == 1 { parts.remove(0) } else { json!({"allOf": parts}) }
}
