//! `data`, `artifacts` and `checkpoints`.

use crate::algohost::ml::artifacts::{create_archive, open_archive};
use crate::algohost::ml::checkpoints;
use crate::algohost::ml::data::{self, Distribution, InputMode};
use crate::algohost::ml::tensors::Dtype;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats, integers};

/// `train` holds the rows 1,2,3 and 4,5,6 and 7,8,9 in two files, label first; `text` the bytes "hello".
pub(crate) fn check_data() -> Result<(), Error> {
    let channels = data::channels();
    assert_eq!(channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>(), ["text", "train"]);
    let train = &channels[1];
    assert_eq!((train.content_type.as_deref(), train.mode, train.distribution), (Some("text/csv"), InputMode::File, Distribution::Sharded));
    assert_eq!((train.files, train.bytes), (Some(2), Some(18.0)));

    let reader = data::open_channel("train")?;
    assert_eq!(reader.columns(), 2);
    let first = reader.next(2)?.expect("there are rows");
    assert_eq!(elements(&first.features), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(first.labels.as_ref().map(|labels| (labels.shape(), elements(labels))), Some((vec![2, 1], vec![1.0, 4.0])));
    assert!(first.weights.is_none());
    assert_eq!(elements(&reader.next(2)?.expect("there is one more").features), [8.0, 9.0]);
    assert!(reader.next(2)?.is_none());
    reader.rewind()?;
    assert_eq!(reader.read_all()?.features.shape(), [3, 2]);

    let wide = data::open_channel_with("train", r#"{"label_size": 0, "dtype": "float64"}"#)?.read_all()?;
    assert_eq!((wide.features.shape(), wide.features.data_type(), wide.labels.is_none()), (vec![3, 3], Dtype::Float64, true));
    let weighted = data::open_channel_with("train", r#"{"weight": true}"#)?.read_all()?;
    assert_eq!(weighted.weights.as_ref().map(elements), Some(vec![2.0, 5.0, 8.0]));
    let shuffled = data::open_channel_with("train", r#"{"shuffle_seed": 2, "shard_by_rank": true}"#)?;
    let mut seen: Vec<f64> = Vec::new();
    while let Some(batch) = shuffled.next(2)? {
        seen.extend(elements(&batch.features).chunks(2).map(|row| row[0]));
    }
    seen.sort_by(f64::total_cmp);
    // The platform sharded the channel, so this host's rows are all that are here.
    assert_eq!(seen, [2.0, 5.0, 8.0]);
    let halves = ["train", "validation"].map(|part| format!(r#"{{"validation_fraction": 0.5, "split_seed": 3, "part": "{part}"}}"#));
    let count = |options: &String| {
        data::open_channel_with("train", options).map(|reader| reader.next(9).map(|rows| rows.map_or(0, |rows| rows.features.shape()[0])))
    };
    assert_eq!(count(&halves[0])?? + count(&halves[1])??, 3);
    expect_code(data::open_channel_with("train", r#"{"part": "train"}"#), ErrorCode::InvalidInput, "without validation_fraction");
    expect_code(data::open_channel_with("train", r#"{"labels": 1}"#), ErrorCode::InvalidInput, "labels");
    expect_code(data::open_channel("nowhere"), ErrorCode::NotFound, "it has: text, train");

    let files = data::list_files("text")?;
    assert_eq!(files.iter().map(|file| (file.name.as_str(), file.bytes)).collect::<Vec<_>>(), [("sub/a.txt", 5.0)]);
    assert_eq!(data::read_file("text", "sub/a.txt", 1.0, 3)?, b"ell");
    assert_eq!(data::read_file("text", "sub/a.txt", 5.0, 3)?, b"");
    for name in ["../train/a.csv", "/etc/passwd", "sub/../../train/a.csv", ".hidden"] {
        assert!(data::read_file("text", name, 0.0, 10).is_err(), "{name} was read");
    }
    Ok(())
}

pub(crate) fn check_artifacts() -> Result<(), Error> {
    let archive = create_archive("model.safetensors")?;
    let value = floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0])?;
    archive.add("value", &value.transpose()?)?;
    value.fill(0.0)?;
    archive.add("small", &integers(&[1])?.cast(Dtype::Int8)?)?;
    archive.add("wide", &integers(&[5, 6])?.cast(Dtype::Float64)?)?;
    expect_code(archive.add("value", &value), ErrorCode::BadOperation, "'value' already");
    expect_code(archive.finish("[]"), ErrorCode::BadOperation, "no JSON object");
    expect_code(open_archive("model.safetensors"), ErrorCode::NotFound, "has no 'model.safetensors'");
    archive.finish(r#"{"kind": "test"}"#)?;
    expect_code(archive.finish("{}"), ErrorCode::BadOperation, "finished");
    check_model()
}

/// The job keeps none: nothing is written or found, but what is wrong is told all the same.
pub(crate) fn check_checkpoints() -> Result<(), Error> {
    let value = integers(&[1])?;
    assert!(!checkpoints::enabled() && checkpoints::latest()?.is_none());
    let save = |names: &[&str], state: &str| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        checkpoints::save(&names, &[&value, &value], state)
    };
    assert!(!save(&["a", "b"], "{}")?);
    expect_code(save(&["a"], "{}"), ErrorCode::BadOperation, "1 names for 2 tensors");
    expect_code(save(&["a", "a"], "{}"), ErrorCode::BadOperation, "two tensors are called 'a'");
    expect_code(save(&["a", &"x".repeat(257)], "{}"), ErrorCode::BadOperation, "at most 256");
    expect_code(save(&["a", "b"], "1"), ErrorCode::BadOperation, "no JSON object");
    Ok(())
}

/// The model is there, shared and read-only, and cannot be written.
pub(crate) fn check_while_serving() -> Result<(), Error> {
    expect_code(create_archive("other.safetensors"), ErrorCode::Denied, "read-only while serving");
    check_model()
}

fn check_model() -> Result<(), Error> {
    let archive = open_archive("model.safetensors")?;
    assert_eq!(
        (archive.names(), archive.metadata().as_str()),
        (["small", "value", "wide"].map(str::to_owned).to_vec(), r#"{"kind": "test"}"#)
    );
    let value = archive.get("value")?;
    assert_eq!((value.shape(), elements(&value)), (vec![2, 2], vec![1.0, 3.0, 2.0, 4.0]));
    assert_eq!(elements(&archive.get("wide")?), [5.0, 6.0]);
    expect_code(archive.get("nothing"), ErrorCode::NotFound, "small, value, wide");
    drop(archive);
    expect_code(value.fill(1.0), ErrorCode::BadOperation, "read-only");
    let copy = value.copy()?;
    copy.fill(1.0)?;
    assert_eq!(elements(&copy), [1.0; 4]);
    expect_code(open_archive("../model.safetensors"), ErrorCode::Denied, "leads out");
    Ok(())
}
