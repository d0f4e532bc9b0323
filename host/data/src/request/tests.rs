use algohost_kernels::DType;
use proptest::prelude::*;

use super::super::testing::{context, failure, values, wrong_input};
use super::{RowForm, decode_request};
use crate::ContentType;
use algohost_failure::Code;

fn decode(content_type: &str, body: &[u8]) -> anyhow::Result<algohost_kernels::Tensor> {
    decode_request(&context(1), &ContentType::parse(content_type).unwrap(), RowForm::default(), body)
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
        (
            r#"{"instances": [{"features": {"keys": [1], "values": [1]}}]}"#,
            "request: row 1: keys without a shape, so that it is not known how wide the row is",
        ),
        (r#"[{"features": {"keys": [1, 2], "shape": [4], "values": [1]}}]"#, "request: row 1: 2 keys of 1 value"),
        (r#"[{"features": {"keys": [4], "shape": [4], "values": [1]}}]"#, "request: row 1: key 4 is beyond the 4 columns of a row"),
        (r#"[{"features": {"keys": [1, 1], "shape": [4], "values": [1, 2]}}]"#, "request: row 1: the key 1 occurs twice"),
        (r#"[{"features": {"keys": [-1], "shape": [4], "values": [1]}}]"#, "request: row 1: keys is no list of whole numbers"),
        (r#"[{"features": {"keys": "a", "shape": [4], "values": [1]}}]"#, "request: row 1: keys is no list of whole numbers"),
        (r#"[{"features": {"keys": [], "shape": [4e0], "values": []}}]"#, "request: row 1: shape is no list of whole numbers"),
        (r#"[[1, 2], {"features": {"keys": [0], "shape": [4], "values": [1]}}]"#, "request: row 2: 4 columns, the rows before have 2"),
        (r#"[{"features": {"shape": [4], "values": [1, 2]}}]"#, "request: row 1: 2 values without keys, of which the shape says 4"),
        (
            r#"[{"features": {"keys": [0], "shape": [99999999999, 99999999999], "values": [1]}}]"#,
            "request: row 1: no memory for 18446744073709551615 columns",
        ),
        (r#"[{"features": {"values": [1], "values": [1]}}]"#, "request: row 1: its features are given twice"),
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
    let refused = failure(decode("application/x-parquet", b"PAR1"));
    assert_eq!(
        (refused.code, refused.what.as_str()),
        (Code::UnsupportedMedia, "request: content type 'application/x-parquet' cannot be read")
    );
    let supported = "text/csv, application/json, application/jsonlines, text/libsvm, application/x-recordio-protobuf, application/x-npy";
    assert_eq!(refused.help, Some(format!("supported are {supported}")));
}

/// With what the model's own rows were.
fn decode_as(content_type: &str, columns: usize, index_base: u64, body: &[u8]) -> anyhow::Result<algohost_kernels::Tensor> {
    let form = RowForm { columns: Some(columns), index_base: Some(index_base) };
    decode_request(&context(1), &ContentType::parse(content_type).unwrap(), form, body)
}

#[test]
fn sparse_json_is_as_wide_as_its_shape_or_the_models_rows() {
    for form in [
        r#"{"instances": [{"data": {"features": {"keys": [3, 0], "shape": [4], "values": [2.5, 1]}}}, [5, 6, 7, 8]]}"#,
        r#"[{"features": {"values": [1, 2.5], "shape": [2, 2], "keys": [0, 3]}}, {"features": {"values": [5, 6, 7, 8], "shape": [4]}}]"#,
    ] {
        let table = decode("application/json", form.as_bytes()).unwrap();
        assert_eq!(values(&table), [1.0, 0.0, 0.0, 2.5, 5.0, 6.0, 7.0, 8.0], "{form}");
    }
    let without = br#"{"features": {"keys": [1], "values": [9]}}"#;
    assert_eq!(values(&decode_as("application/json", 3, 1, without).unwrap()), [0.0, 9.0, 0.0]);
    assert_eq!(values(&decode("json", br#"{"features": {"keys": [], "values": [], "shape": [2]}}"#).unwrap()), [0.0, 0.0]);
}

#[test]
fn json_lines_have_an_instance_each() {
    let lines = "{\"features\": [1, 2.5]}\r\n\n[-3, null]\n{\"data\": {\"features\": {\"keys\": [1], \"shape\": [2], \"values\": [4]}}}";
    let table = decode("application/jsonlines", lines.as_bytes()).unwrap();
    let read = values(&table);
    assert!(read[..3] == [1.0, 2.5, -3.0] && read[3].is_nan() && read[4..] == [0.0, 4.0], "{read:?}");
    for (body, message) in [
        ("\n \n", "request: the body has no rows"),
        ("[1]\n[2", "request: line 2: line 1, column 2: no JSON: EOF while parsing a list"),
        ("[1]\n\n[2, 3]\n", "request: line 3: row 2: 2 columns, the rows before have 1"),
        ("[1]\n5\n", "request: line 2: row 2 is 5, not an array or an object with features"),
        ("[1] [2]\n", "request: line 1: line 1, column 5: no JSON: trailing characters"),
        ("{\"instances\": [[1]]}\n", "request: line 1: row 1: an object without features"),
    ] {
        assert_eq!(wrong_input(decode("jsonlines", body.as_bytes())), message, "{body}");
    }
}

#[test]
fn libsvm_requests_are_read_with_a_label_and_without_one() {
    let two = [0.5, 0.0, 0.0, 2.0, 0.0, 1.0];
    for body in ["1 1:0.5 # first\n-1 1:2 3:1\n", "1:0.5\n1:2 3:1", "\n0 1:0.5\n0 1:2 3:1\n"] {
        let table = decode("text/libsvm", body.as_bytes()).unwrap();
        assert_eq!((&table.shape()[..], values(&table)), (&[2, 3][..], two.to_vec()), "{body:?}");
    }
    let shown = |table: algohost_kernels::Tensor| (table.shape()[1], values(&table));
    assert_eq!(shown(decode("libsvm", b"0:1 2:3\n").unwrap()), (3, vec![1.0, 0.0, 3.0]));
    assert_eq!(shown(decode("libsvm; columns=4; index_base=0", b"1:7\n").unwrap()), (4, vec![0.0, 7.0, 0.0, 0.0]));
    assert_eq!(shown(decode_as("libsvm", 3, 0, b"5 1:7\n").unwrap()), (3, vec![0.0, 7.0, 0.0]));
    assert_eq!(shown(decode_as("libsvm", 3, 1, b"5\n").unwrap()), (3, vec![0.0; 3]));
    assert_eq!(shown(decode("libsvm; label_size=1", b"1:2 1:7\n").unwrap()), (1, vec![7.0]));
    for (content_type, body, message) in [
        ("libsvm", "# nothing\n", "request: the body has no rows"),
        ("libsvm", "1 2:x\n", "request: line 1: value 'x' of index 2 is not a number"),
        ("libsvm; label_size=1", "1 1:2\nx:3\n", "request: line 2: label 'x:3' is not a number, or a number, a colon and a weight"),
        ("libsvm; columns=2", "1 1:2\n1 3:4\n", "request: line 2: index 3 is beyond the 2 columns of a row"),
        ("libsvm; index_base=1", "1 0:2 1:3\n", "request: line 1: index 0 occurs, but index_base says that indices begin at 1"),
        ("libsvm", "1\n", "request: no row has a feature"),
        ("libsvm; columns=0", "1\n", "content type: columns is '0', not a whole number from 1"),
        ("libsvm; label_size=2", "1\n", "request: label_size is 2; libsvm rows have one label or none"),
    ] {
        assert_eq!(wrong_input(decode(content_type, body.as_bytes())), message, "{body}");
    }
    // A label with a weight is none of a row to be predicted.
    assert_eq!(wrong_input(decode("libsvm", b"1:3 1:2\n")), "request: line 1: index 1 comes after 1; indices must ascend within a row");
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
