use algohost_kernels::DType;

use super::super::testing::{Channel, context, failure, values, wrong_input};
use super::{IndexBase, Options, Reader, Source};
use algohost_failure::Code;

/// The media types of the formats that this build reads.
const TYPES: &str = if cfg!(feature = "parquet") {
    "text/csv, text/libsvm, application/jsonlines, application/x-recordio-protobuf, application/x-npy, application/x-npz, application/x-parquet"
} else {
    "text/csv, text/libsvm, application/jsonlines, application/x-recordio-protobuf, application/x-npy, application/x-npz"
};

#[cfg(not(feature = "parquet"))]
#[test]
fn a_format_that_the_build_lacks_is_told() {
    for channel in [Channel::new("application/x-parquet", &[("a", b"PAR1")]), Channel::new("", &[("a.parquet", b"PAR1")])] {
        let refused = failure(channel.open("{}"));
        let message = "channel 'train': this build of algohost does not read Parquet";
        assert_eq!((refused.code, refused.what.as_str()), (Code::UnsupportedMedia, message));
    }
}

#[test]
fn labels_come_from_the_option_else_the_content_type_else_the_format() {
    let cases = [
        ("text/csv", "{}", 1),
        ("text/csv; label_size=0", "{}", 0),
        ("text/csv; label_size=2", "{}", 2),
        ("text/csv; label_size=2", r#"{"label_size": 0}"#, 0),
    ];
    for (content_type, options, labels) in cases {
        let batch = Channel::new(content_type, &[("a", b"1,2,3,4\n5,6,7,8\n")]).read_all(options).unwrap();
        assert_eq!(batch.features.shape()[..], [2, 4 - labels], "{content_type} {options}");
        assert_eq!(batch.labels.as_ref().map_or(0, |labels| labels.shape()[1]), labels, "{content_type} {options}");
    }
}

#[test]
fn the_weight_follows_the_labels() {
    let channel = Channel::new("text/csv; label_size=2", &[("a", b"1,2,3,4\n5,6,7,8\n")]);
    let batch = channel.read_all(r#"{"weight": true, "dtype": "float64", "columns": 1}"#).unwrap();
    assert_eq!(values(&batch.labels.unwrap()), [1.0, 2.0, 5.0, 6.0]);
    assert_eq!(values(batch.weights.as_ref().unwrap()), [3.0, 7.0]);
    assert_eq!(batch.weights.unwrap().shape()[..], [2, 1]);
    assert_eq!((values(&batch.features), batch.features.dtype()), (vec![4.0, 8.0], DType::Float64));
}

#[test]
fn extensions_tell_the_format_when_the_job_does_not() {
    let npy = super::super::npy::encode(&super::super::testing::tensor(&[1, 2], &[1.0, 2.0])).unwrap();
    let cases: [(&str, &[u8]); 4] = [("a.csv", b"0,1,2\n"), ("b.CSV", b"0,1,2\n"), ("a.svm", b"0 1:1 2:2\n"), ("a.npy", &npy)];
    for (name, bytes) in cases {
        assert_eq!(values(&Channel::new("", &[(name, bytes)]).read_all("{}").unwrap().features), [1.0, 2.0], "{name}");
    }
    for files in [&["a.csv", "b.npy"][..], &["part-0"], &["a.csv", "part-0"]] {
        let files: Vec<_> = files.iter().map(|name| (*name, &b"1,2\n"[..])).collect();
        let refused = failure(Channel::new("", &files).open("{}"));
        let name = files[files.len() - 1].0;
        assert_eq!(refused.what, format!("channel 'train': no content type is given, and the name '{name}' does not tell the format"));
        assert_eq!(refused.help.as_deref(), Some(format!("set ContentType to one of {TYPES}").as_str()));
    }
}

#[test]
fn empty_channels_are_told_with_their_folder() {
    for (files, message) in [(&[][..], "no data files"), (&[("a.csv", &b""[..]), ("b.csv", b"\n\n")], "no rows in the data files")] {
        let channel = Channel::new("text/csv", files);
        assert_eq!(wrong_input(channel.open("{}")), format!("channel 'train': {message} ({})", channel.path().display()));
    }
    let channel = Channel::new("text/csv", &[("a.csv", b"1,2\n")]);
    let mut reader = channel.open("{}").unwrap();
    reader.read_all().unwrap();
    let message = format!("channel 'train': no rows left; rewind to read them again ({})", channel.path().display());
    assert_eq!(wrong_input(reader.read_all()), message);
    reader.rewind();
    assert_eq!(reader.read_all().unwrap().features.shape()[..], [1, 1]);
}

#[test]
fn a_channel_that_cannot_be_opened_is_told() {
    let unsupported = failure(Channel::new("application/json", &[("a", b"[]")]).open("{}"));
    assert_eq!(unsupported.code, Code::UnsupportedMedia);
    assert_eq!(unsupported.what, "channel 'train': content type 'application/json' cannot be read");
    assert_eq!(unsupported.help.as_deref(), Some(format!("supported are {TYPES}").as_str()));

    let mut channel = Channel::new("text/csv; label_size=x", &[("a", b"1,2\n")]);
    assert_eq!(wrong_input(channel.open("{}")), "channel 'train': content type: label_size is 'x', not a whole number");
    channel.source.origin = crate::Origin::Folder("/nowhere/at/all".into());
    let missing = failure(channel.open("{}"));
    assert_eq!((missing.code, missing.what.as_str()), (Code::NotFound, "channel 'train': /nowhere/at/all: there is no such folder"));
}

#[test]
fn wrong_options_are_told() {
    let cases = [
        ("", "channel options '': EOF while parsing a value at line 1 column 0"),
        ("[]", "channel options '[]': invalid type: sequence, expected a map at line 1 column 0"),
        (r#"{"labels": 1}"#, "channel option 'labels' is unknown"),
        (r#"{"dtype": "int8"}"#, "channel option dtype is '\"int8\"', not \"float32\" or \"float64\""),
        (r#"{"label_size": -1}"#, "channel option label_size is '-1', not a whole number of at least 0"),
        (r#"{"weight": 1}"#, "channel option weight is '1', not true or false"),
        (r#"{"columns": "3"}"#, "channel option columns is '\"3\"', not a whole number of at least 0"),
    ];
    for (text, message) in cases {
        assert_eq!(wrong_input(Options::from_json(text)), message);
    }
    let known = "known are dtype, label_size, weight, columns, categories, shard_by_rank, validation_fraction, split_seed, part, shuffle_seed, shuffle_rows";
    assert_eq!(failure(Options::from_json(r#"{"labels": 1}"#)).help.as_deref(), Some(known));
}

#[test]
fn no_rows_asked_for_is_the_algorithms_mistake() {
    let refused = failure(Channel::new("csv", &[("a", b"1,2\n")]).open("{}").unwrap().next(0));
    assert_eq!((refused.code, refused.what.as_str()), (Code::BadOperation, "next: max-rows is 0; ask for one row at least"));
}

#[test]
fn a_wrong_row_is_told_again_instead_of_left_out() {
    let channel = Channel::new("csv", &[("a", b"1,2\nx,3\n4,5\n")]);
    let mut reader = channel.open("{}").unwrap();
    reader.next(1).unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(wrong_input(reader.next(1)), "train/a:2: column 1 is 'x', not a number");
    }
}

#[test]
fn batches_cross_the_borders_of_files() {
    let channel = Channel::new("csv", &[("a", b"1,2\n3,4"), ("b", b""), ("c/d", b"5,6\n7,8\n")]);
    let mut reader = Reader::open(&context(2), &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
    assert_eq!((reader.columns(), reader.rows()), (1, None));
    assert_eq!(values(&reader.next(3).unwrap().unwrap().features), [2.0, 4.0, 6.0]);
    assert_eq!(values(&reader.next(3).unwrap().unwrap().features), [8.0]);
    assert!(reader.next(3).unwrap().is_none());
}

/// The features of `train` when the job has these channels: name, content type, text.
fn train_among(channels: &[(&str, &str, &str)]) -> anyhow::Result<(Vec<f64>, String)> {
    let made: Vec<Channel> = channels.iter().map(|(_, kind, text)| Channel::new(kind, &[("a.svm", text.as_bytes())])).collect();
    let named = made.iter().zip(channels).map(|(made, (name, ..))| Source { channel: (*name).to_owned(), ..made.source.clone() });
    let sources: Vec<Source> = named.collect();
    let mut index_base = IndexBase::of(sources.clone());
    let mut read = |source: &Source| -> anyhow::Result<(Vec<f64>, String)> {
        let mut reader = Reader::open(&context(1), source, Options::default(), &mut index_base)?;
        let reason = reader.index_base().map_or(String::new(), |decision| decision.reason.clone());
        Ok((values(&reader.read_all()?.features), reason))
    };
    let first = read(&sources[0])?;
    // Whatever order channels are opened in, what is known of them stays.
    assert_eq!(read(&sources[0])?, first);
    Ok(first)
}

#[test]
fn libsvm_indices_begin_alike_in_all_channels_of_a_job() {
    let (zero, one) = ("1 0:5 2:6\n", "1 1:7 2:8\n");
    let told = |channels: &[(&str, &str, &str)]| train_among(channels).unwrap();
    assert_eq!(told(&[("train", "", one)]), (vec![7.0, 8.0], "index 0 occurs in no libsvm channel".to_owned()));
    assert_eq!(told(&[("train", "", one), ("test", "libsvm", zero)]), (vec![0.0, 7.0, 8.0], "index 0 occurs in channel 'test'".to_owned()));
    assert_eq!(told(&[("train", "", zero), ("test", "libsvm", one)]), (vec![5.0, 0.0, 6.0], "index 0 occurs".to_owned()));
    let said = "libsvm; index_base=1";
    assert_eq!(told(&[("train", said, one), ("test", "", zero)]), (vec![7.0, 8.0], "as its content type says".to_owned()));
    let other = "as the content type of another channel says".to_owned();
    assert_eq!(told(&[("train", "", one), ("test", said, one), ("other", "", zero)]), (vec![7.0, 8.0], other.clone()));
    assert_eq!(told(&[("train", "", one), ("test", "libsvm; index_base=0", one)]), (vec![0.0, 7.0, 8.0], other));
    // A weight is no index, and neither is what only looks like one in another format.
    assert_eq!(told(&[("train", "", one), ("test", "", "0:0 1:2\n"), ("other", "text/csv", "0,0\n")]).0, [7.0, 8.0]);
    let contradiction = train_among(&[("train", "", one), ("a", said, one), ("b", "libsvm; index_base=0", one)]);
    assert_eq!(wrong_input(contradiction), "channel 'train': other channels differ in index_base");
}
