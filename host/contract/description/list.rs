//! Lists of numbers out of a hyperparameter's text: `[1, 2, 3]`, `64,32`, `(1,-1)`, and lists of such lists.

use serde_json::Value;

/// The list that a text holds; none when it is no list of lists of numbers of this depth. One of depth 1 needs no brackets.
pub(super) fn parse(text: &str, depth: u32) -> Option<Value> {
    let text = text.trim();
    let bracketed = text.starts_with(['[', '(']);
    let text = match text {
        "" => "[]".to_owned(),
        text if bracketed => text.replace('(', "[").replace(')', "]"),
        text => format!("[{text}]"),
    };
    let value: Value = serde_json::from_str(&text).ok()?;
    is_list(&value, depth).then_some(value)
}

fn is_list(value: &Value, depth: u32) -> bool {
    match value {
        Value::Array(values) if depth > 0 => values.iter().all(|value| is_list(value, depth - 1)),
        Value::Number(_) => depth == 0,
        _ => false,
    }
}

/// Changes every number of a list; none as soon as one cannot be changed.
pub(super) fn map_numbers(value: &Value, change: &dyn Fn(f64) -> Option<Value>) -> Option<Value> {
    match value {
        Value::Array(values) => values.iter().map(|value| map_numbers(value, change)).collect::<Option<Vec<_>>>().map(Value::Array),
        number => change(number.as_f64()?),
    }
}

/// Whether every innermost list has an allowed number of elements.
pub(super) fn lengths_are(value: &Value, allowed: &dyn Fn(usize) -> bool) -> bool {
    let Value::Array(values) = value else { return true };
    if values.iter().any(Value::is_array) {
        return values.iter().all(|value| lengths_are(value, allowed));
    }
    allowed(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_read_in_every_form_they_are_written_in() {
        for (text, depth, wanted) in [
            ("[1, 2, 3]", 1, json!([1, 2, 3])),
            ("64,32", 1, json!([64, 32])),
            (" 7 ", 1, json!([7])),
            ("(1,-1)", 1, json!([1, -1])),
            ("", 1, json!([])),
            ("[]", 1, json!([])),
            ("[[0, 1], [2]]", 2, json!([[0, 1], [2]])),
            ("[(0, 1), (2)]", 2, json!([[0, 1], [2]])),
            ("[0, 1], [2]", 2, json!(null)),
            ("[[1]]", 1, json!(null)),
            ("[1]", 2, json!(null)),
            ("1 2", 1, json!(null)),
            ("[1", 1, json!(null)),
            ("[\"1\"]", 1, json!(null)),
            ("[null]", 1, json!(null)),
            ("nan", 1, json!(null)),
        ] {
            assert_eq!(parse(text, depth).unwrap_or_default(), wanted, "{text}");
        }
    }

    #[test]
    fn brackets_without_end_are_no_list_and_no_exhausted_stack() {
        assert_eq!(parse(&"[".repeat(1_000_000), 8), None);
    }
}
