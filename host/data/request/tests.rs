use algohost_kernels::DType;
use proptest::prelude::*;

use super::super::testing::{context, failure, values, wrong_input};
use super::decode_request;
use crate::data::ContentType;
use crate::failure::Code;

fn decode(content_type: &str, body: &[u8]) -> anyhow::Result<algohost_kernels::Tensor> {
    decode_request(&context(1), &ContentType::parse(content_type).unwrap(), body)
}

#[test]
fn all_json_forms_are_the_same_table() {
    let forms = [
        r#"{"instances": [{"features": [1, 2.5]}, {"features": [-3, 4e0]}]}"#,
        r#"{"instances": [[1, 2.5], [-3, 4]]}"#,
        r#"{"instances": [{"data": {"features": {"values": [1, 2.5]}}}, {"data": {"features": {"values": [-3, 4]}}}]}"#,
        r#"{"configuration": {"a": [1]}, "instances": [{"id": "x", "features": [1, 2.5]}, {"features": {"values": [-3, 4], "shape": [2]}}]}"#,
        "[[1, 2.5], [-3, 4]]",
        r#"[{"features": [1, 2.5]}, [-3, 4]]"#,
    ];
    for form in forms {
        let table = decode("application/json", form.as_bytes()).unwrap();
        assert_eq!((&table.shape()[..], table.dtype()), (&[2, 2][..], DType::Float32), "{form}");
        assert_eq!(values(&table), [1.0, 2.5, -3.0, 4.0], "{form}");
    }
    for form in ["[1, 2.5]", r#"{"features": [1, 2.5]}"#, r#"{"data": {"features": {"values": [1, 2.5]}}}"#] {
        let table = decode("json", form.as_bytes()).unwrap();
        assert_eq!((&table.shape()[..], values(&table)), (&[1, 2][..], vec![1.0, 2.5]), "{form}");
    }
    assert!(values(&decode("json", b"[null]").unwrap())[0].is_nan());
}

#[test]
fn wrong_json_is_told_with_row_and_column() {
    let cases = [
        ("", "request: the body is empty"),
        (" ", "request: line 1, column 1: no JSON: EOF while parsing a value"),
        ("[[1, 2], [3 4]]", "request: line 1, column 13: no JSON: expected `,` or `]`"),
        ("[1]\n x", "request: line 2, column 2: no JSON: trailing characters"),
        ("[1e999]", "request: line 1, column 6: no JSON: number out of range"),
        ("3", "request: the document is 3, not an array or an object"),
        ("[]", "request: the document has no instances"),
        (r#"{"instances": []}"#, "request: the document has no instances"),
        ("{}", "request: row 1: an object without features"),
        (r#"{"instances": 5}"#, "request: instances is 5, not an array"),
        (r#"{"instances": {"features": [1]}}"#, "request: instances is an object, not an array"),
        (r#"{"instances": [1, 2]}"#, "request: row 1 is 1, not an array or an object with features"),
        (r#"{"instances": [[]]}"#, "request: row 1 has no columns"),
        ("[[1, 2], [3]]", "request: row 2: 1 column, the rows before have 2"),
        ("[[1, 2], [3, 4, 5]]", "request: row 2: 3 columns, the rows before have 2"),
        (r#"[[1, 2], [3, "four"]]"#, "request: row 2, column 2 is 'four', not a number"),
        ("[[1, 2], [true, 4]]", "request: row 2, column 1 is true, not a number"),
        ("[[1, 2], [[3], 4]]", "request: row 2, column 1 is an array, not a number"),
        ("[[1, {}]]", "request: row 1, column 2 is an object, not a number"),
        (r#"[1, "x"]"#, "request: row 1, column 2 is 'x', not a number"),
        ("[1, [2]]", "request: row 1, column 2 is an array, not a number"),
        ("[[1], 2]", "request: row 2 is a number, not an array or an object with features"),
        (r#"{"instances": [{"x": [1]}]}"#, "request: row 1: an object without features"),
        (r#"{"instances": [{"features": {"x": [1]}}]}"#, "request: row 1: an object without values"),
        (r#"{"instances": [{"features": {"keys": [1], "values": [1]}}]}"#, "request: row 1: sparse features (keys) are not supported"),
        (r#"{"instances": [{"features": [1], "features": [2]}]}"#, "request: row 1: its features are given twice"),
        (r#"{"instances": [{"features": 1}]}"#, "request: row 1: features is 1, not an array or an object with values"),
        (r#"{"instances": [{"data": [1]}]}"#, "request: row 1: data is an array, not an object with features"),
        (r#"{"instances": [{"data": {"features": {"values": 1}}}]}"#, "request: row 1: values is 1, not an array"),
        (r#"{"instances": [[1]], "instances": [[1]]}"#, "request: instances are given twice"),
    ];
    for (body, message) in cases {
        assert_eq!(wrong_input(decode("application/json", body.as_bytes())), message, "{body}");
    }
}

#[test]
fn csv_requests_have_no_label() {
    for body in ["1,2.5\n-3,4\n", "1,2.5\r\n-3,4", "\u{feff}1 2.5\n\n-3 4\n\n"] {
        let table = decode("text/csv; charset=utf-8", body.as_bytes()).unwrap();
        assert_eq!((&table.shape()[..], values(&table)), (&[2, 2][..], vec![1.0, 2.5, -3.0, 4.0]), "{body:?}");
    }
}

#[test]
fn wrong_csv_requests_are_told_with_their_line() {
    let cases: &[(&[u8], &str)] = &[
        (b"\n\n", "request: the body has no rows"),
        (b"1,2\n\n3\n", "request: line 3: 1 column, the lines before have 2"),
        (b"1,2\n3,x\n", "request: line 2: column 2 is 'x', not a number"),
    ];
    for (body, message) in cases {
        assert_eq!(wrong_input(decode("text/csv", body)), *message);
    }
    let header = failure(decode("text/csv", b"a,b\n1,2\n"));
    assert_eq!(
        (header.what.as_str(), header.help.as_deref()),
        ("request: line 1: column 1 is 'a', not a number", Some("requests have no header line"))
    );
}

#[test]
fn other_content_types_are_unsupported() {
    let refused = failure(decode("text/libsvm", b"1 1:1"));
    assert_eq!((refused.code, refused.what.as_str()), (Code::UnsupportedMedia, "request: content type 'text/libsvm' cannot be read"));
    assert_eq!(refused.help.as_deref(), Some("supported are text/csv, application/json, application/x-npy"));
}

#[test]
fn a_request_beyond_the_budget_is_refused() {
    let body = "0\n".repeat(20 << 20);
    let refused = failure(decode("text/csv", body.as_bytes()));
    assert_eq!(refused.code, Code::LimitExceeded);
    assert!(refused.what.starts_with("request: no memory for a tensor of 20971520 rows by 1 column ("), "{}", refused.what);
}

proptest! {
    #[test]
    fn tables_come_through_json(rows in prop::collection::vec(prop::array::uniform3(any::<f32>().prop_filter("in JSON", |value| value.is_finite())), 1..10)) {
        // float32 as float64 text: the parser may be wrong in the last place of a float64, which no float32 sees.
        let wide: Vec<[f64; 3]> = rows.iter().map(|row| row.map(f64::from)).collect();
        let table = decode("json", serde_json::to_string(&wide).unwrap().as_bytes()).unwrap();
        prop_assert_eq!(values(&table), wide.concat());
    }

    #[test]
    fn no_json_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}:,\"0-9.e a-f-]"), 0..6), cut: prop::sample::Index, garbage: Vec<u8>) {
        let mut body = br#"{"instances": [{"features": [1, 2.5]}, {"data": {"features": {"values": [-3, null]}}}, [5, 6]]}"#.to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte.as_bytes()[0];
        }
        let _ = decode("json", &body);
        let _ = decode("json", &body[..cut.index(body.len())]);
        let _ = decode("json", &garbage);
    }
}
