use proptest::prelude::*;

use super::super::ContentType;
use super::super::files::{Excerpt, Source};
use super::super::testing::{Channel, context, failure, values, wrong_input};
use super::lines::{first_row, read_lines, split};
use super::{LineFormat, PIECE, csv, number};
use crate::{IndexBase, Options, Reader, RowForm, decode_request};

fn features(csv: &str) -> Vec<f64> {
    values(&Channel::new("csv; label_size=0", &[("a.csv", csv.as_bytes())]).read_all(r#"{"dtype": "float64"}"#).unwrap().features)
}

#[test]
fn all_spellings_of_a_csv_are_the_same_table() {
    let texts = [
        "1,2.5,-3\n4,5e1,6\n",
        "1,2.5,-3\r\n4,5e1,6\r\n",
        "1,2.5,-3\r4,5e1,6\r",
        "1,2.5,-3\n4,5e1,6",
        "1,2.5,-3\r\n4,5e1,6",
        "\u{feff}1,2.5,-3\n4,5e1,6\n",
        "\n \n1,2.5,-3\n\n\t\n\r\n4,5e1,6\n\n  ",
        " 1 , 2.5,\t-3 \n 4, 5e1 ,+6 \n",
        "\"1\",\"2.5\", \" -3\" \n\"4\",\"5e1\",6\n",
        "1;2.5;-3\n4;5e1;6\n",
        "1\t2.5\t-3\n4\t5e1\t6\n",
        "1|2.5|-3\n4|5e1|6\n",
        "1 2.5 -3\n4 5e1 6\n",
        "  1   2.5 -3  \r\n4 5e1   6 \r\n",
        "1,2.50000000000000000000,-3.0e0\n00004,50.0,6.\n",
    ];
    for text in texts {
        assert_eq!(features(text), [1.0, 2.5, -3.0, 4.0, 50.0, 6.0], "{text:?}");
    }
}

#[test]
fn empty_cells_are_nan_and_infinities_are_read() {
    let read = features("1,,nan\n\"\",-inf,NaN\nInfinity, ,\n");
    let shown: Vec<_> = read.iter().map(f64::to_string).collect();
    assert_eq!(shown, ["1", "NaN", "NaN", "NaN", "-inf", "NaN", "inf", "NaN", "NaN"]);
    for text in ["1\t2\t3\n\t\t\n", "\t\t\n1\t2\t3\n", "1,2,3\n,,\n"] {
        assert_eq!(features(text).len(), 6, "a line of delimiters is a row: {text:?}");
    }
}

#[test]
fn wrong_csv_is_told_with_line_and_column() {
    let cases: &[(&[u8], &str)] = &[
        (b"mean radius,x\n1,2\n", "train/a.csv:1: column 1 is 'mean radius', not a number"),
        (b"1,2\n3,4,5\n", "train/a.csv:2: 3 columns, the lines before have 2"),
        (b"1,2\n\n\n3\n", "train/a.csv:4: 1 column, the lines before have 2"),
        (b"1,2\n3,\"4\n", "train/a.csv:2: column 2 is '\"4', not a number"),
        (b"1,2\n3,4 5\n", "train/a.csv:2: column 2 is '4 5', not a number"),
        (b"1,2\r\n3,\x1b[0m\r\n", "train/a.csv:2: column 2 is '\\u{1b}[0m', not a number"),
        (b"1,2\r3,0x10\r", "train/a.csv:2: column 2 is '0x10', not a number"),
        (b"1 2\n3 x\n", "train/a.csv:2: column 2 is 'x', not a number"),
        (
            b"1,2\n3,12345678901234567890123456789012345678901x\n",
            "train/a.csv:2: column 2 is '1234567890123456789012345678901234567890…', not a number",
        ),
        (b"1,2\n3,-\n", "train/a.csv:2: column 2 is '-', not a number"),
        (b"1,2\n3,1.2.3\n", "train/a.csv:2: column 2 is '1.2.3', not a number"),
        (b"1,2\n3,\xff\n", "train/a.csv:2: column 2 is '\u{fffd}', not a number"),
        (b"1\n2\n", "channel 'train': 1 column, of which 1 label; no features are left"),
        (b"\n \n", "channel 'train': no rows in the data files ("),
    ];
    for (text, message) in cases {
        let told = wrong_input(Channel::new("text/csv", &[("a.csv", text)]).read_all("{}"));
        assert!(told == *message || (message.ends_with('(') && told.starts_with(message)), "{told}");
    }
    let header = failure(Channel::new("text/csv", &[("a.csv", b"y,x\n1,2\n")]).read_all("{}"));
    assert_eq!(header.help.as_deref(), Some("CSV channels have no header line; remove it"));
    let later = failure(Channel::new("text/csv", &[("a.csv", b"1,2\ny,x\n")]).read_all("{}"));
    assert_eq!(later.help, None);
    for word in ["NA", "null", "?", "\"N/A\""] {
        let missing = failure(Channel::new("text/csv", &[("a.csv", format!("{word},2\n").as_bytes())]).read_all("{}"));
        assert_eq!(missing.what, format!("train/a.csv:1: column 1 is '{word}', not a number"));
        assert_eq!(missing.help.as_deref(), Some("an empty field is a missing value"));
    }
}

#[test]
fn files_with_different_columns_are_both_named() {
    let channel = Channel::new("text/csv", &[("a.csv", b"1,2,3\n"), ("b.csv", b"\n1,2\n")]);
    assert_eq!(wrong_input(channel.read_all("{}")), "train/b.csv:2: 2 columns, train/a.csv has 3");
    let mut reader = channel.open("{}").unwrap();
    assert!(reader.next(1).unwrap().is_some());
    assert_eq!(wrong_input(reader.next(1)), "train/b.csv:2: 2 columns, train/a.csv has 3");
}

#[test]
fn libsvm_rows_are_dense_from_index_one() {
    let channel = Channel::new("text/libsvm", &[("a", b"1 1:0.5 3:-2 # note\n# all\n\n0\n"), ("b", b"-1\t2:4\r\n")]);
    let batch = channel.read_all("{}").unwrap();
    assert_eq!(batch.features.shape()[..], [3, 3]);
    assert_eq!(values(&batch.features), [0.5, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0]);
    assert_eq!(values(&batch.labels.unwrap()), [1.0, 0.0, -1.0]);
    assert!(batch.weights.is_none());
    assert_eq!(channel.open("{}").unwrap().rows(), Some(3));
}

#[test]
fn libsvm_indices_begin_at_zero_where_zero_occurs() {
    let batch = Channel::new("libsvm", &[("a", b"1:0.25 2:1\n0 0:7\n")]).read_all(r#"{"columns": 4}"#).unwrap();
    assert_eq!(values(&batch.features), [0.0, 0.0, 1.0, 0.0, 7.0, 0.0, 0.0, 0.0]);
    assert_eq!(values(&batch.weights.unwrap()), [0.25, 1.0]);
    let batch = Channel::new("libsvm", &[("a", b"1:0.25 2:1\n")]).read_all(r#"{"label_size": 0}"#).unwrap();
    assert_eq!((values(&batch.features), batch.labels.is_none()), (vec![0.25, 1.0], true));
}

#[test]
fn wrong_libsvm_is_told_with_its_line() {
    let cases: &[(&[u8], &str)] = &[
        (b"1 1:2\nx 1:2\n", "train/a:2: label 'x' is not a number, or a number, a colon and a weight"),
        (b"1:2:3 1:2\n", "train/a:1: label '1:2:3' is not a number, or a number, a colon and a weight"),
        (b"1 qid:4 1:2\n", "train/a:1: query ids (qid) are not supported; remove them"),
        (b"1 1\n", "train/a:1: '1' is not index:value"),
        (b"1 -1:3\n", "train/a:1: '-1:3' is not index:value"),
        (b"1 18446744073709551615:3\n", "train/a:1: index 18446744073709551615 is beyond 2147483646, the largest possible"),
        (b"1 99999999999999999999:3\n", "train/a:1: '99999999999999999999:3' is not index:value"),
        (b"1 1:1\n\n1 2:1 2:3\n", "train/a:3: index 2 comes after 2; indices must ascend within a row"),
        (b"1 3:1 2:3\n", "train/a:1: index 2 comes after 3; indices must ascend within a row"),
        (b"1 1:a\n", "train/a:1: value 'a' of index 1 is not a number"),
        (b"1 1:\n", "train/a:1: value '' of index 1 is not a number"),
        (b"1 1:2x#c\n", "train/a:1: value '2x' of index 1 is not a number"),
        (b"1\n0 # nothing\n", "channel 'train': no row has a feature"),
    ];
    for (text, message) in cases {
        assert_eq!(wrong_input(Channel::new("text/libsvm", &[("a", text)]).read_all("{}")), *message);
    }
    let based = Channel::new("text/libsvm; index_base=1", &[("a", b"1 1:1\n1 0:1\n")]).read_all("{}");
    assert_eq!(wrong_input(based), "train/a:2: index 0 occurs, but index_base says that indices begin at 1");
    let based = Channel::new("text/libsvm; index_base=x", &[("a", b"1 1:1\n")]).read_all("{}");
    assert_eq!(wrong_input(based), "channel 'train': content type: index_base is 'x', not 0 or 1");
    let narrow = Channel::new("text/libsvm", &[("a", b"1 1:1\n1 3:1\n")]).read_all(r#"{"columns": 2}"#);
    assert_eq!(wrong_input(narrow), "train/a:2: index 3 is beyond the 2 columns of a row");
    let labels = Channel::new("text/libsvm", &[("a", b"1 1:1\n")]).read_all(r#"{"label_size": 2}"#);
    assert_eq!(wrong_input(labels), "channel 'train': label_size is 2; libsvm rows have one label or none");
}

#[test]
fn huge_libsvm_indices_are_the_budgets_business_and_absurd_ones_the_datas() {
    let channel = Channel::new("text/libsvm", &[("a", b"1 2000000000:3\n1 1:1\n")]);
    let refused = failure(channel.read_all("{}"));
    assert_eq!(refused.code, algohost_failure::Code::LimitExceeded);
    let told = "channel 'train': no memory for a tensor of 2 rows by 2000000000 columns (";
    assert!(refused.what.starts_with(told), "{}", refused.what);
    assert_eq!(channel.open("{}").unwrap().read_all_sparse().unwrap().features.columns(), 2_000_000_000);
    for index in ["2147483647", "99999999999", "18446744073709551614"] {
        let text = format!("1 1:1\n1 {index}:3\n");
        let channel = Channel::new("text/libsvm", &[("a", text.as_bytes())]);
        let message = format!("train/a:2: index {index} is beyond 2147483646, the largest possible");
        assert_eq!(wrong_input(channel.open("{}").map(|_| ())), message);
    }
}

#[test]
fn sparse_rows_hold_what_is_written() {
    let channel = Channel::new("text/libsvm", &[("a", b"1:2 1:0.5 3:-2 # note: two\n# all: none\n\n0\n"), ("b", b"-1:0.5\t2:4 4:0\r\n")]);
    let reader = channel.open("{}").unwrap();
    assert!(reader.is_sparse());
    let batch = channel.open("{}").unwrap().read_all_sparse().unwrap();
    let context = context(1);
    assert_eq!((batch.features.rows(), batch.features.columns(), batch.features.stored()), (3, 4, 4));
    assert_eq!(values(&batch.features.copy_offsets(&context).unwrap()), [0.0, 2.0, 2.0, 4.0]);
    assert_eq!(values(&batch.features.copy_indices(&context).unwrap()), [0.0, 2.0, 1.0, 3.0]);
    assert_eq!(values(batch.features.values()), [0.5, -2.0, 4.0, 0.0]);
    assert_eq!(values(&batch.labels.unwrap()), [1.0, 0.0, -1.0]);
    assert_eq!(values(&batch.weights.unwrap()), [2.0, 1.0, 0.5]);
    let channel = Channel::new("text/libsvm", &[("a", b"1 1:1\n1 3:1\n")]);
    let mut narrow = channel.open(r#"{"columns": 2}"#).unwrap();
    assert_eq!(wrong_input(narrow.read_all_sparse()), "train/a:2: index 3 is beyond the 2 columns of a row");
    let told = failure(narrow.next_sparse(0)).what;
    assert_eq!(told, "next-sparse: max-rows is 0; ask for one row at least");
}

#[test]
fn dense_formats_are_read_sparsely_without_their_zeros() {
    let channel = Channel::new("text/csv", &[("a.csv", b"1,0,2.5\n2,,0\n")]);
    let mut reader = channel.open(r#"{"dtype": "float64"}"#).unwrap();
    assert!(!reader.is_sparse());
    let batch = reader.read_all_sparse().unwrap();
    assert_eq!((batch.features.rows(), batch.features.columns(), batch.features.stored()), (2, 2, 2));
    let stored = values(batch.features.values());
    assert!(stored[0] == 2.5 && stored[1].is_nan(), "{stored:?}");
    assert_eq!(values(&batch.labels.unwrap()), [1.0, 2.0]);
}

/// Rows of three short and long numbers, over 1.5 MB: several pieces.
fn big_csv() -> String {
    (0..60_000_u32).map(|row| format!("{row},{},{:?}\n", f64::from(row) / 8.0, 1.0 / f64::from(row + 1))).collect()
}

#[test]
fn several_threads_read_what_one_reads() {
    let text = big_csv();
    assert!(text.len() > 5 * PIECE);
    let (head, tail) = text.split_at(text.find("50000,").unwrap());
    let channel = Channel::new("csv", &[("a.csv", head.as_bytes()), ("b.csv", tail.as_bytes())]);
    let read = |threads| {
        let options = Options::from_json(r#"{"dtype": "float64"}"#).unwrap();
        let mut reader = Reader::open(&context(threads), &channel.source, options, &mut IndexBase::default()).unwrap();
        let batch = reader.read_all().unwrap();
        assert_eq!(reader.rows(), Some(60_000));
        (values(&batch.labels.unwrap()), values(&batch.features))
    };
    let (labels, features) = read(3);
    assert_eq!((&labels, &features), (&read(1).0, &read(1).1));
    assert!(labels.iter().enumerate().all(|(row, &label)| label == row as f64));
    assert!(features.chunks_exact(2).enumerate().all(|(row, cells)| cells == [row as f64 / 8.0, 1.0 / (row as f64 + 1.0)]));
}

#[test]
fn the_first_error_is_told_whatever_thread_finds_another_one() {
    let text = big_csv().replace("\n30000,", "\nx,").replace("\n59999,", "\ny,");
    let channel = Channel::new("csv", &[("a.csv", text.as_bytes())]);
    for _ in 0..5 {
        let read = Reader::open(&context(3), &channel.source, Options::default(), &mut IndexBase::default()).unwrap().read_all();
        assert_eq!(wrong_input(read), "train/a.csv:30001: column 1 is 'x', not a number");
    }
    let request = decode_request(&context(3), &ContentType::parse("csv").unwrap(), RowForm::default(), text.as_bytes());
    assert_eq!(wrong_input(request), "request: line 30001: column 1 is 'x', not a number");
}

#[test]
fn a_cancelled_context_stops_reading() {
    let channel = Channel::new("csv", &[("a.csv", b"1,2\n")]);
    let context = context(1);
    let mut reader = Reader::open(&context, &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
    context.cancel().cancel();
    assert_eq!(failure(reader.read_all()).code, algohost_failure::Code::Interrupted);
}

#[test]
fn a_file_that_shrinks_between_counting_and_reading_is_told() {
    let channel = Channel::new("libsvm", &[("a", b"1 1:1\n2 1:2\n3 1:3\n")]);
    let mut reader = channel.open("{}").unwrap();
    std::fs::write(channel.path().join("a"), "1 1:1\n").unwrap();
    let changed = failure(reader.read_all());
    assert_eq!((changed.code, changed.what.as_str()), (algohost_failure::Code::Io, "train/a: the file changed while it was being read"));
}

#[test]
fn a_batch_costs_the_budget_its_tensors_and_gives_them_back() {
    let channel = Channel::new("csv", &[("a.csv", b"1,2,3\n4,5,6\n")]);
    let context = context(1);
    let mut reader = Reader::open(&context, &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
    let batch = reader.read_all().unwrap();
    assert_eq!(context.budget().used(), 128);
    drop(batch);
    assert_eq!(context.budget().used(), 0);
}

/// A cell as text, and the float64 that std reads in it.
fn cell() -> impl Strategy<Value = String> {
    let digits = proptest::string::string_regex("-?[0-9]{1,12}(\\.[0-9]{0,12})?").unwrap();
    let float = any::<f64>().prop_filter("a number", |value| value.is_finite()).prop_map(|value| format!("{value:e}"));
    let single = any::<f32>().prop_filter("a number", |value| value.is_finite()).prop_map(|value| value.to_string());
    prop_oneof![4 => digits, 1 => float, 1 => single, 1 => Just(".5".to_owned()), 1 => Just("-7.".to_owned())]
}

proptest! {
    #[test]
    fn numbers_are_the_nearest_ones(cells in prop::collection::vec(cell(), 1..40)) {
        let mut text = cells.join(",");
        text.push_str("\n0,0,0,0\n");
        let mut start = 0;
        for cell in &cells {
            let end = start + cell.len();
            let (double, single): (f64, f32) = (cell.parse().unwrap(), cell.parse().unwrap());
            if let Some(value) = number::short::<f64>(text.as_bytes(), start, end) {
                prop_assert_eq!(value.to_bits(), double.to_bits(), "{}", cell);
            }
            if let Some(value) = number::short::<f32>(text.as_bytes(), start, end) {
                prop_assert_eq!(value.to_bits(), single.to_bits(), "{}", cell);
            }
            prop_assert_eq!(number::whole::<f64>(cell.as_bytes()), Some(double));
            start = end + 1;
        }
        let channel = Channel::new("csv; label_size=0", &[("a.csv", cells.join(",").as_bytes())]);
        let wanted: Vec<f64> = cells.iter().map(|cell| cell.parse().unwrap()).collect();
        prop_assert_eq!(values(&channel.read_all(r#"{"dtype": "float64"}"#).unwrap().features), wanted);
        let wanted: Vec<f64> = cells.iter().map(|cell| f64::from(cell.parse::<f32>().unwrap())).collect();
        prop_assert_eq!(values(&channel.read_all("{}").unwrap().features), wanted);
    }

    #[test]
    fn every_line_is_in_exactly_one_piece(lines in prop::collection::vec("[0-9 ]{0,9}", 1..30), size in 1_u64..40, ended: bool) {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        let channel = Channel::new("csv", &[("a.csv", text.as_bytes())]);
        let file = Source::Plain(std::fs::File::open(channel.path().join("a.csv")).unwrap());
        let (mut joined, mut buffer) = (Vec::new(), Excerpt::default());
        for from in (0..text.len() as u64).step_by(size as usize) {
            let to = (from + size).min(text.len() as u64);
            let offset = read_lines(&file, from..to, b'\n', &mut buffer).unwrap();
            prop_assert!(buffer.is_empty() || offset as usize == joined.len());
            joined.extend_from_slice(&buffer);
        }
        prop_assert_eq!(String::from_utf8(joined).unwrap(), text);
    }

    #[test]
    fn rows_are_counted_as_they_are_read(text in "[12,; \t\r\n]{0,300}") {
        if let Some(first) = first_row(text.as_bytes(), true, csv::has_cells) {
            let csv = super::Csv::of_first_row(&first);
            let slow = split(text.as_bytes(), csv.end()).filter(|line| csv.is_row(line)).count();
            prop_assert_eq!(csv.count(text.as_bytes()), slow);
        }
    }

    #[test]
    fn batches_of_any_size_are_the_whole_table(lines in prop::collection::vec("(-?[0-9]{1,4},[0-9]\\.[0-9]{0,12})?", 1..60), cut in 0_usize..60, most in 1_usize..9) {
        let cut = cut.min(lines.len());
        let first = format!("9,9\n{}", lines[..cut].join("\n"));
        let channel = Channel::new("csv", &[("a.csv", first.as_bytes()), ("b.csv", lines[cut..].join("\r\n").as_bytes())]);
        let whole = channel.read_all("{}").unwrap();
        let mut reader = channel.open("{}").unwrap();
        for _ in 0..2 {
            let (mut features, mut labels) = (Vec::new(), Vec::new());
            while let Some(batch) = reader.next(most).unwrap() {
                prop_assert!((1..=most).contains(&batch.features.shape()[0]));
                features.extend(values(&batch.features));
                labels.extend(values(&batch.labels.unwrap()));
            }
            prop_assert_eq!(&features, &values(&whole.features));
            prop_assert_eq!(&labels, &values(whole.labels.as_ref().unwrap()));
            reader.rewind();
        }
        let mut rest = reader.next(most).unwrap().map_or(0, |batch| batch.features.shape()[0]);
        rest += reader.read_all().map_or(0, |batch| batch.features.shape()[0]);
        prop_assert_eq!(rest, whole.features.shape()[0]);
        prop_assert!(reader.next(1).unwrap().is_none());
    }

    #[test]
    fn sparse_batches_of_any_size_are_the_dense_table(
        rows in prop::collection::vec((any::<i8>(), prop::collection::btree_map(0_u32..60, 1_i8..100, 0..6)), 1..50),
        cut in 0_usize..50, most in 1_usize..9, base in 0_u32..2, weighted: bool,
    ) {
        let line = |(label, items): &(i8, std::collections::BTreeMap<u32, i8>)| {
            let weight = if weighted { ":0.5" } else { "" };
            let items: String = items.iter().map(|(index, value)| format!(" {}:{value}", index + base)).collect();
            format!("{label}{weight}{items} # comment: none\n")
        };
        let lines: Vec<String> = rows.iter().map(line).collect();
        let cut = cut.min(lines.len());
        let channel = Channel::new("libsvm", &[("a", lines[..cut].concat().as_bytes()), ("b", lines[cut..].concat().as_bytes())]);
        let Ok(mut reader) = channel.open("{}") else { return Ok(()) }; // no row has a feature
        let dense = reader.read_all().unwrap();
        reader.rewind();
        let whole = reader.read_all_sparse().unwrap();
        prop_assert_eq!(values(&whole.features.to_dense(&context(1)).unwrap()), values(&dense.features));
        prop_assert_eq!(values(whole.labels.as_ref().unwrap()), values(dense.labels.as_ref().unwrap()));
        prop_assert_eq!(whole.weights.as_ref().map(values), dense.weights.as_ref().map(values));
        reader.rewind();
        let (mut features, mut labels) = (Vec::new(), Vec::new());
        while let Some(batch) = reader.next_sparse(most).unwrap() {
            prop_assert!((1..=most).contains(&batch.features.rows()));
            features.extend(values(&batch.features.to_dense(&context(1)).unwrap()));
            labels.extend(values(&batch.labels.unwrap()));
        }
        prop_assert_eq!(features, values(&dense.features));
        prop_assert_eq!(labels, values(dense.labels.as_ref().unwrap()));
    }

    #[test]
    fn no_text_panics(text in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"0123456789.,;:#-e \"\t\r\n"[..])], 0..200), content_type in "csv|libsvm", size in 0_usize..3) {
        let channel = Channel::new(&content_type, &[("a", &text), ("b", b"1,2\n")]);
        for options in [format!("{{\"label_size\": {size}}}"), r#"{"weight": true, "columns": 2, "dtype": "float64"}"#.to_owned()] {
            let _ = channel.read_all(&options);
            if let Ok(mut reader) = channel.open(&options) {
                while let Ok(Some(_)) = reader.next(3) {}
                reader.rewind();
                let _ = reader.read_all_sparse();
            }
        }
        let _ = decode_request(&context(1), &ContentType::parse("csv").unwrap(), RowForm::default(), &text);
    }
}
