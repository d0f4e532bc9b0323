//! Columns of text.

use crate::testing::{Channel, values, wrong_input};

const IRIS: &[u8] = b"setosa,5.1,\"red\"\nversicolor,7,\"blue, dark\"\n\"setosa\",4.9,\"say \"\"red\"\"\"\n,6.3,\nvirginica,5.8,red\n";

/// The labels, the features and the categories, read at once and row by row.
fn read(text: &[u8], options: &str) -> (Vec<f64>, Vec<f64>, String) {
    let channel = Channel::new("", &[("a.csv", text), ("b.csv", b"setosa,1,red")]);
    let mut reader = channel.open(options).unwrap();
    let all = reader.read_all().unwrap();
    let (features, labels) = (values(&all.features), values(&all.labels.unwrap()));
    reader.rewind();
    let (mut same_features, mut same_labels) = (Vec::new(), Vec::new());
    while let Some(batch) = reader.next(2).unwrap() {
        same_features.extend(values(&batch.features));
        same_labels.extend(values(&batch.labels.unwrap()));
    }
    let shown = |values: &[f64]| format!("{values:?}");
    assert_eq!((shown(&features), shown(&labels)), (shown(&same_features), shown(&same_labels)));
    (labels, features, reader.categories().to_json())
}

#[test]
fn texts_become_numbers_learned_or_given() {
    let (labels, features, categories) = read(IRIS, r#"{"dtype": "float64", "categories": {"1": "learn", "3": "learn"}}"#);
    assert_eq!(categories, r#"{"1":["setosa","versicolor","virginica"],"3":["blue, dark","red","say \"red\""]}"#);
    assert!(labels[3].is_nan() && features[7].is_nan());
    assert_eq!([&labels[..3], &labels[4..]].concat(), [0.0, 1.0, 0.0, 2.0, 0.0]);
    assert_eq!([&features[..7], &features[8..]].concat(), [5.1, 1.0, 7.0, 0.0, 4.9, 2.0, 6.3, 5.8, 1.0, 1.0, 1.0]);
    // What was learned of one channel is given to the others.
    let again = read(IRIS, &format!(r#"{{"dtype": "float64", "categories": {categories}}}"#));
    assert_eq!((format!("{labels:?}{features:?}"), categories), (format!("{:?}{:?}", again.0, again.1), again.2));
    let given = r#"{"categories": {"1": ["virginica", "versicolor", "setosa"], "3": "learn"}}"#;
    assert_eq!(read(IRIS, given).0[..3], [2.0, 1.0, 2.0]);
}

#[test]
fn what_is_no_category_is_told() {
    for (text, options, wanted) in [
        ("a,1\nb,2\n", r#"{"categories": {"1": ["a"]}}"#, "train/a.csv:2: column 1 is 'b', none of its 1 category"),
        ("a,1\nb,x\n", r#"{"categories": {"1": "learn"}}"#, "train/a.csv:2: column 2 is 'x', not a number"),
        ("a,1\nb,2,3\n", r#"{"categories": {"1": "learn"}}"#, "train/a.csv:2: 3 columns, the lines before have 2"),
        ("a,1\nb\n", r#"{"categories": {"1": "learn"}}"#, "train/a.csv:2: 1 column, the lines before have 2"),
        ("a,1\n", r#"{"categories": {"3": "learn"}}"#, "channel 'train': column 3 has categories, rows have 2 columns"),
        ("\"a,1\n\"b,2\n", r#"{"categories": {"1": ["x"]}}"#, "train/a.csv:1: column 1 is '\"a', none of its 1 category"),
        ("\"a\"b,1\n", r#"{"categories": {"1": ["a"]}}"#, "train/a.csv:1: column 1 is '\"a\"b', none of its 1 category"),
    ] {
        let channel = Channel::new("", &[("a.csv", text.as_bytes())]);
        assert_eq!(wrong_input(channel.read_all(options)), wanted, "{text}");
    }
    let many: String = (0..10_001).map(|row| format!("t{row},1\n")).collect();
    let told = |bytes: &[u8]| wrong_input(Channel::new("", &[("a.csv", bytes)]).read_all(r#"{"categories": {"1": "learn"}}"#));
    assert_eq!(told(many.as_bytes()), "train/a.csv:10001: column 1: more than 10000 different texts");
    assert_eq!(told(b"\xFF,1\n"), "train/a.csv:1: column 1: '\u{FFFD}' is no UTF-8");
    let svm = Channel::new("text/libsvm", &[("a.svm", b"1 1:1\n")]);
    let wanted = "channel 'train': categories are of CSV columns, this channel is text/libsvm";
    assert_eq!(wrong_input(svm.read_all(r#"{"categories": {"1": "learn"}}"#)), wanted);
}

#[test]
fn wrong_categories_are_told() {
    for (categories, wanted) in [
        ("[]", "no object of columns"),
        (r#"{"0": "learn"}"#, "'0' is no number of a column, counted from 1"),
        (r#"{"01": "learn"}"#, "'01' is no number of a column, counted from 1"),
        (r#"{"1": "all"}"#, r#"column 1: neither a list of texts nor "learn""#),
        (r#"{"1": ["a", 2]}"#, "column 1: not only texts are in the list"),
        (r#"{"1": ["a", "b", "a"]}"#, "column 1: 'a' is in the list twice"),
    ] {
        let channel = Channel::new("", &[("a.csv", b"a,1\n")]);
        let told = wrong_input(channel.read_all(&format!(r#"{{"categories": {categories}}}"#)));
        assert_eq!(told, format!("channel option categories: {wanted}"));
    }
}
