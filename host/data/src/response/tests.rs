use algohost_kernels::{DType, Tensor};
use proptest::prelude::*;

use super::super::testing::{Channel, context, failure, tensor, values};
use super::{encode, negotiate};
use crate::{ContentType, Format, RowForm, decode_request};
use algohost_failure::Code;

fn named(outputs: &[(&str, &Tensor)]) -> Vec<(String, Tensor)> {
    outputs.iter().map(|(name, tensor)| ((*name).to_owned(), (*tensor).clone())).collect()
}

fn text(format: Format, outputs: &[(&str, &Tensor)]) -> String {
    String::from_utf8(encode(format, &named(outputs)).unwrap()).unwrap()
}

#[test]
fn json_has_an_object_per_row() {
    let score = tensor(&[2], &[0.98, f32::NAN]);
    let label = tensor(&[2, 1], &[1.0, f32::INFINITY]);
    let wide = tensor(&[2, 2], &[0.1, 1e-8, 1e20, -0.0]);
    let expected = concat!(
        r#"{"predictions":[{"score":0.98,"predicted_label":1.0,"a \"b\"":[0.1,1e-8]},"#,
        r#"{"score":null,"predicted_label":null,"a \"b\"":[1e+20,-0.0]}]}"#
    );
    assert_eq!(text(Format::Json, &[("score", &score), ("predicted_label", &label), ("a \"b\"", &wide)]), expected);
    assert_eq!(text(Format::Json, &[]), r#"{"predictions":[]}"#);
    assert_eq!(text(Format::Json, &[("none", &tensor(&[0, 2], &[]))]), r#"{"predictions":[]}"#);
    assert_eq!(text(Format::Json, &[("empty", &tensor(&[1, 0], &[]))]), r#"{"predictions":[{"empty":[]}]}"#);
    assert_eq!(text(Format::Json, &[("one", &tensor(&[], &[0.5]))]), r#"{"predictions":[{"one":0.5}]}"#);
}

#[test]
fn numbers_are_written_in_their_own_precision() {
    let cases = [
        (DType::Float32, 0.1, "0.1"),
        (DType::Float64, 0.1, "0.1"),
        (DType::Float16, 1.5, "1.5"),
        (DType::BFloat16, -2.0, "-2.0"),
        (DType::Int64, -9_007_199_254_740_992.0, "-9007199254740992"),
        (DType::UInt8, 255.0, "255"),
        (DType::Boolean, 1.0, "true"),
    ];
    for (dtype, value, written) in cases {
        let output = Tensor::full(&context(1), &[1], dtype, value).unwrap();
        assert_eq!(text(Format::Json, &[("y", &output)]), format!("{{\"predictions\":[{{\"y\":{written}}}]}}"));
        let written = if dtype == DType::Boolean { "1" } else { written };
        assert_eq!(text(Format::Csv, &[("y", &output)]), format!("{written}\n"));
    }
}

#[test]
fn json_lines_have_an_object_per_line() {
    let score = tensor(&[2], &[0.5, f32::NAN]);
    let wide = tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let wanted = "{\"score\":0.5,\"b\":[1.0,2.0]}\n{\"score\":null,\"b\":[3.0,4.0]}\n";
    assert_eq!(text(Format::JsonLines, &[("score", &score), ("b", &wide)]), wanted);
    assert_eq!(text(Format::JsonLines, &[("none", &tensor(&[0, 2], &[]))]), "");
}

#[test]
fn records_have_the_outputs_as_float32_in_their_label_maps() {
    let score = Tensor::full(&context(1), &[2], DType::Float64, 0.1).unwrap();
    let tensor_of = |number: f32| [&[0x12, 6, 0x0A, 4][..], &number.to_le_bytes()].concat();
    let entry = [&[0x12, 17, 0x0A, 5][..], b"score", &[0x12, 8], &tensor_of(0.1)].concat();
    let record = [&0xCED7_230A_u32.to_le_bytes()[..], &19_u32.to_le_bytes(), &entry, &[0]].concat();
    assert_eq!(encode(Format::RecordIo, &named(&[("score", &score)])).unwrap(), [&record[..], &record].concat());

    // A length beyond 127, and two outputs: what is written has the shape of records that are read.
    let wide = tensor(&[2, 40], &(0..80_u8).map(f32::from).collect::<Vec<_>>());
    let body = encode(Format::RecordIo, &named(&[("other", &score), ("values", &wide)])).unwrap();
    let channel = Channel::new("application/x-recordio-protobuf", &[("a.pbr", &body)]);
    assert_eq!(failure(channel.read_all("{}")).what, "train/a.pbr: record 1, at byte 0: no tensor of features under the key 'values'");
    // With the map's number changed, they are features.
    let first = 8 + 2 + 7 + 2 + 8;
    let mut body = body;
    let length = body.len() / 2;
    (body[first], body[length + first]) = (0x0A, 0x0A);
    let channel = Channel::new("application/x-recordio-protobuf", &[("a.pbr", &body)]);
    assert_eq!(values(&channel.read_all("{}").unwrap().features), (0..80).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn csv_has_a_line_per_row_and_all_outputs_columns() {
    let score = tensor(&[2], &[0.98, f32::NAN]);
    let wide = tensor(&[2, 2], &[1.0, f32::INFINITY, f32::NEG_INFINITY, 4.0]);
    assert_eq!(text(Format::Csv, &[("a", &score), ("b", &wide)]), "0.98,1.0,inf\n,-inf,4.0\n");
    assert_eq!(text(Format::Csv, &[("a", &wide.transpose())]), "1.0,-inf\ninf,4.0\n");
}

#[test]
fn npy_is_the_first_output() {
    let (first, second) = (tensor(&[2, 1], &[1.5, 2.5]), tensor(&[2], &[3.0, 4.0]));
    let file = encode(Format::Npy, &named(&[("a", &first), ("b", &second)])).unwrap();
    let read = decode_request(&context(1), &ContentType::parse("npy").unwrap(), RowForm::default(), &file).unwrap();
    assert_eq!((&read.shape()[..], values(&read)), (&[2, 1][..], vec![1.5, 2.5]));
    assert_eq!(failure(encode(Format::Npy, &[])).what, "answer: there are no outputs");
}

#[test]
fn outputs_with_different_rows_are_refused() {
    let outputs = named(&[("a", &tensor(&[2], &[1.0, 2.0])), ("b", &tensor(&[1], &[1.0]))]);
    for format in [Format::Json, Format::Csv] {
        let refused = failure(encode(format, &outputs));
        assert_eq!((refused.code, refused.what.as_str()), (Code::BadOperation, "answer: output \"a\" has 2 rows, output \"b\" has 1"));
    }
}

#[test]
fn the_accepted_format_with_the_highest_quality_wins() {
    let cases = [
        ("", Format::Csv, Format::Csv),
        (" , ", Format::Npy, Format::Npy),
        ("*/*", Format::Csv, Format::Csv),
        ("*", Format::Npy, Format::Npy),
        ("application/*", Format::Csv, Format::Json),
        ("application/*", Format::Npy, Format::Npy),
        ("text/*", Format::Json, Format::Csv),
        ("text/csv", Format::Json, Format::Csv),
        ("TEXT/CSV; charset=utf-8", Format::Json, Format::Csv),
        ("npy", Format::Json, Format::Npy),
        ("application/json;verbose=True", Format::Csv, Format::Json),
        ("image/png, text/csv, application/json", Format::Json, Format::Csv),
        ("text/csv;q=0.5, application/x-npy;q=0.9, application/json; q=0.1", Format::Json, Format::Npy),
        ("text/csv;q=0.5, */*;q=0.4", Format::Json, Format::Csv),
        ("*/*, application/json;q=0", Format::Json, Format::Csv),
        ("*/*;q=0.1, application/x-npy;q=0.2", Format::Json, Format::Npy),
    ];
    for (accept, default, format) in cases {
        assert_eq!(negotiate(accept, default).unwrap(), format, "{accept}");
    }
}

#[test]
fn what_cannot_be_written_is_not_acceptable() {
    for accept in ["image/png", "application/x-parquet", "text/libsvm", "image/*", "application/json;q=0"] {
        let refused = failure(negotiate(accept, Format::Json));
        assert_eq!(refused.code, Code::NotAcceptable);
        assert_eq!(refused.what, format!("answer: none of the accepted types '{accept}' can be written"));
        assert_eq!(
            refused.help.as_deref(),
            Some("can be written: application/json, text/csv, application/jsonlines, application/x-recordio-protobuf, application/x-npy")
        );
    }
}

#[test]
fn the_answer_names_its_media_type() {
    for (accept, media_type) in [("", "application/json"), ("csv", "text/csv"), ("application/x-npy", "application/x-npy")] {
        assert_eq!(negotiate(accept, Format::Json).unwrap().media_type(), media_type);
    }
}

proptest! {
    #[test]
    fn floats_come_back_through_csv(numbers in prop::collection::vec(any::<f32>(), 1..50)) {
        let csv = encode(Format::Csv, &named(&[("x", &tensor(&[1, numbers.len()], &numbers))])).unwrap();
        let channel = Channel::new("csv; label_size=0", &[("a.csv", &csv)]);
        // A row that is one NaN is a blank line.
        prop_assume!(numbers.len() > 1 || !numbers[0].is_nan());
        let read = values(&channel.read_all("{}").unwrap().features);
        let bits = |value: f64| if value.is_nan() { 0 } else { value.to_bits() + 1 };
        let (read, wanted): (Vec<_>, Vec<_>) = (read.into_iter().map(bits).collect(), numbers.iter().map(|&number| bits(f64::from(number))).collect());
        prop_assert_eq!(read, wanted);
    }
}
