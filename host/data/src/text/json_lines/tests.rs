use super::super::super::Batch;
use super::super::super::testing::{Channel, context, values, wrong_input};

const TYPE: &str = "application/jsonlines";

fn read(text: &str, options: &str) -> anyhow::Result<Batch> {
    Channel::new(TYPE, &[("a.jsonl", text.as_bytes())]).read_all(options)
}

/// Labels, weights and features.
fn parts(text: &str, options: &str) -> [Vec<f64>; 3] {
    let batch = read(text, options).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    [batch.labels.map_or_else(Vec::new, |t| values(&t)), batch.weights.map_or_else(Vec::new, |t| values(&t)), values(&batch.features)]
}

#[test]
fn every_documented_form_is_read() {
    let none = Vec::<f64>::new;
    assert_eq!(parts("[1, 2, 3]\r\n\r\n [4,5e0,-6.5]", "{}"), [vec![1.0, 4.0], none(), vec![2.0, 3.0, 5.0, -6.5]]);
    assert_eq!(parts("[1,2,3]\n", r#"{"label_size": 1, "weight": true}"#), [vec![1.0], vec![2.0], vec![3.0]]);
    let objects = "{\"features\": [1, 2], \"label\": 3}\n{\"label\": 6, \"x\": {\"}\": [\"\\\"]\"]}, \"features\": {\"values\": [4, 5]}}\n";
    assert_eq!(parts(objects, "{}"), [vec![3.0, 6.0], none(), vec![1.0, 2.0, 4.0, 5.0]]);
    assert_eq!(parts(objects, r#"{"label_size": 0}"#), [none(), none(), vec![1.0, 2.0, 4.0, 5.0]]);
    let data = r#"{"data": {"features": {"values": [1, 2]}, "label": {"values": [7, 8]}}, "weight": 0.5}"#;
    let more = r#"{"data": {"features": {"values": [3, 4]}}, "label": [9, 10]}"#;
    let expected = [vec![7.0, 8.0, 9.0, 10.0], vec![0.5, 1.0], vec![1.0, 2.0, 3.0, 4.0]];
    assert_eq!(parts(&format!("\u{feff}{data}\n{more}\n"), "{}"), expected);
    let missing = parts("[0, null, NaN]", "{}");
    assert!(missing[2].iter().all(|value| value.is_nan()));
}

#[test]
fn sparse_records_stay_sparse() {
    let text = concat!(
        "{\"features\": {\"keys\": [3, 0], \"shape\": [4], \"values\": [1, 2]}, \"label\": 1}\n",
        "{\"features\": {\"keys\": [], \"shape\": [4], \"values\": []}, \"label\": 0}\n",
        "{\"features\": [5, 0, 6, 7], \"label\": 1}\n[0, 1, 2, 3, 4]\n"
    );
    let expected = [2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 6.0, 7.0, 1.0, 2.0, 3.0, 4.0];
    assert_eq!(parts(text, "{}"), [vec![1.0, 0.0, 1.0, 0.0], Vec::new(), expected.to_vec()]);
    let channel = Channel::new("", &[("a.jsonl", text.as_bytes())]);
    let mut reader = channel.open("{}").unwrap();
    assert!(reader.is_sparse() && reader.columns() == 4);
    let batch = reader.next_sparse(9).unwrap().unwrap();
    assert_eq!(batch.features.stored(), 10);
    assert_eq!(values(&batch.features.to_dense(&context(1)).unwrap()), expected);
}

#[test]
fn wrong_lines_are_told_with_line() {
    let keys = |keys: &str| format!(r#"{{"features": {{"keys": {keys}, "shape": [2], "values": [1]}}}}"#);
    let cases = [
        ("[1, 2, 3]".to_owned(), "3 columns, the lines before have 2"),
        ("[1, \"2\"]".to_owned(), "column 2 is '\"2\"', not a number"),
        ("[1, true]".to_owned(), "column 2 is 'true', not a number"),
        ("[1, [2]]".to_owned(), "column 2 is '[2]', not a number"),
        ("[1, 2".to_owned(), "no JSON: '[1, 2' has no end"),
        ("[1, 2,]".to_owned(), "no JSON: ']' where a value should be"),
        ("[1 2]".to_owned(), "no JSON: '2]' where ',' or ']' should be"),
        ("[1, 2] 3".to_owned(), "no JSON: '3' where the end of the line should be"),
        ("1,2".to_owned(), "'1,2' is neither an array nor an object"),
        ("{}".to_owned(), "the record has no features with numbers"),
        ("{\"features\": 3, \"label\": 1}".to_owned(), "no JSON: '3' where an array should be"),
        ("{\"features\": [1, 2], \"label\": 1}".to_owned(), "2 features, the first row has 1"),
        ("{\"features\": [1]}".to_owned(), "0 labels, 1 wanted"),
        ("{\"features\": [1], \"label\": \"a\"}".to_owned(), "the label is '\"a\"', not a number"),
        ("{\"features\": [1], \"label\": 1, \"weight\": 2}".to_owned(), "a weight, but the first row has none"),
        ("{\"features\"".to_owned(), "no JSON: '{\"features\"' has no end"),
        ("{\"features\" [1]}".to_owned(), "no JSON: '[1]}' where ':' should be"),
        ("\u{fffd}\"".to_owned(), "'\u{fffd}\"' is neither an array nor an object"),
    ];
    for (line, message) in cases {
        assert_eq!(wrong_input(read(&format!("[1, 2]\n{line}\n"), "{}")), format!("train/a.jsonl:2: {message}"), "{line}");
    }
    for (line, message) in [
        (keys("[2]"), "key 2 is beyond the 2 columns of a row"),
        (keys("[0, 1]"), "2 keys of 1 value"),
        (keys("[-1]"), "'-1' is not a whole number"),
        (keys("[0]").replace("[2]", "[3]"), "the shape says 3 features, the first row has 2"),
    ] {
        assert_eq!(wrong_input(read(&format!("{}\n{line}\n", keys("[0]")), "{}")), format!("train/a.jsonl:2: {message}"));
    }
    let first = |line: &str| wrong_input(read(line, "{}"));
    assert_eq!(first("\n{\"features\": {\"keys\": [1], \"values\": [1]}}").split_once(": ").unwrap().0, "train/a.jsonl:2");
    assert_eq!(first("[1]"), "channel 'train': 1 column, of which 1 label; no features are left");
}
