//! JSON values as the Python that the training toolkit is written in prints them: `json.dumps`, `str` and `repr`.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)`.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value);
    text
}

fn write_json(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(it) => text.push_str(&number(it)),
        Value::String(it) => write_json_string(text, it),
        Value::Array(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write_json(text, value);
            }
            text.push(']');
        }
        Value::Object(map) => {
            text.push('{');
            for (at, (key, value)) in sorted(map).into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write_json_string(text, key);
                text.push(':');
                write_json(text, value);
            }
            text.push('}');
        }
    }
}

fn write_json_string(text: &mut String, string: &str) {
    text.push('"');
    for unit in string.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'"') => text.push_str("\\\""),
            Ok(b'\\') => text.push_str("\\\\"),
            Ok(b'\n') => text.push_str("\\n"),
            Ok(b'\r') => text.push_str("\\r"),
            Ok(b'\t') => text.push_str("\\t"),
            Ok(0x08) => text.push_str("\\b"),
            Ok(0x0c) => text.push_str("\\f"),
            // DEL is ASCII and stays as it is.
            Ok(plain @ 0x20..=0x7f) => text.push(char::from(plain)),
            _ => drop(write!(text, "\\u{unit:04x}")),
        }
    }
    text.push('"');
}

/// `str(value)`, but that null is empty, as in the toolkit's command lines: text as it is, everything else like `repr`.
pub(super) fn str(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`: True, False, None, lists and dictionaries as Python writes them. The keys of dictionaries keep their order.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(it) => number(it),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// `str` of a value inside of `k=v`: null is None here.
pub(super) fn str_inside(value: &Value) -> String {
    if value.is_null() { "None".into() } else { str(value) }
}

/// Entries by name, in the order of code points.
pub(super) fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|&(key, _)| key);
    entries
}

fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float_repr(float),
        _ => number.to_string(),
    }
}

/// The shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
fn float_repr(float: f64) -> String {
    let scientific = format!("{float:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if float != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    // Debug writes whole numbers with `.0`, but switches to exponents where Python does not.
    let plain = format!("{float}");
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

/// A string's `repr`: in single quotes, unless only those occur in it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            c if is_printable(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(quoted, "\\x{code:02x}"),
                    0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push(quote);
    quoted
}

/// What Python's `str.isprintable` says of a character. `escape_debug` draws the same line, but at marks that begin a string.
fn is_printable(c: char) -> bool {
    !format!("a{c}").escape_debug().to_string().contains("\\u{") && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (float, wanted) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (123_456.789, "123456.789"),
            (-2.5e-310, "-2.5e-310"),
        ] {
            assert_eq!(float_repr(float), wanted);
        }
    }

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        for (text, wanted) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("\"x\"", "'\"x\"'"),
            ("'\"", "'\\'\"'"),
            ("\u{7f}\u{a0}\u{200b}\u{e000}", "'\\x7f\\xa0\\u200b\\ue000'"),
            ("e\u{301}\u{1f600}\u{e0001}", "'e\u{301}\u{1f600}\\U000e0001'"),
        ] {
            assert_eq!(repr(&json!(text)), wanted);
        }
    }

    #[test]
    fn json_is_compact_sorted_and_ascii() {
        let value = json!({"b": [1, 2.0, null], "a": "\u{e9}\u{1f600}\n\u{1}\u{7f}\"\\", "é": {}});
        assert_eq!(json(&value), r#"{"a":"\u00e9\ud83d\ude00\n\u0001"#.to_owned() + "\u{7f}" + r#"\"\\","b":[1,2.0,null],"\u00e9":{}}"#);
    }
}
