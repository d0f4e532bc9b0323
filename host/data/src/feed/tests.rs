//! Rows that are picked and shuffled, against the rows of the plain reader.

use algohost_kernels::Context;

use super::super::testing::{Channel, context, failure, values};
use super::*;

const ROWS: usize = 60;

/// A channel of rows `label, feature` that are both the row's number.
fn numbered() -> Channel {
    let lines: Vec<String> = (0..ROWS).map(|row| format!("{row},{row}\n")).collect();
    let (head, tail) = lines.split_at(17);
    Channel::new("text/csv", &[("a.csv", head.concat().as_bytes()), ("b.csv", tail.concat().as_bytes())])
}

fn open(context: &Context, channel: &Channel, options: &str, share: Share) -> Feed {
    let options = Options::from_json(options).unwrap();
    Feed::open(context, &channel.source, options, share, &mut IndexBase::default()).unwrap()
}

/// The rest of an epoch, some rows at a time; labels travel with features.
fn rest(feed: &mut Feed, max_rows: usize) -> Vec<f64> {
    let mut all = Vec::new();
    while let Some(batch) = feed.next(max_rows).unwrap() {
        let rows = values(&batch.features);
        assert!((1..=max_rows).contains(&rows.len()));
        assert_eq!(rows, values(&batch.labels.unwrap()));
        all.extend(rows);
    }
    all
}

fn sorted(mut rows: Vec<f64>) -> Vec<f64> {
    rows.sort_by(f64::total_cmp);
    rows
}

fn everything() -> Vec<f64> {
    (0..ROWS).map(|row| row as f64).collect()
}

#[test]
fn without_options_it_is_the_reader() {
    let (context, channel) = (context(2), numbered());
    let mut feed = open(&context, &channel, "{}", Share { rank: 1, size: 2 });
    assert_eq!(rest(&mut feed, 7), everything());
    feed.rewind().unwrap();
    assert_eq!(values(&feed.read_all().unwrap().features), everything());
    assert_eq!(feed.rows(), Some(ROWS as u64));
}

#[test]
fn the_two_parts_are_the_whole_whatever_the_batches() {
    let (context, channel) = (context(2), numbered());
    let options = |part| format!(r#"{{"validation_fraction": 0.3, "split_seed": 5, "part": "{part}"}}"#);
    let mut train = open(&context, &channel, &options("train"), Share::WHOLE);
    let mut validation = open(&context, &channel, &options("validation"), Share::WHOLE);
    let (kept, held_out) = (rest(&mut train, 4), rest(&mut validation, 9));
    assert!(held_out.len() > 8 && held_out.len() < 30, "{held_out:?}");
    assert_eq!(sorted([kept.clone(), held_out.clone()].concat()), everything());
    train.rewind().unwrap();
    assert_eq!(rest(&mut train, 60), kept);
    validation.rewind().unwrap();
    assert_eq!(values(&validation.read_all().unwrap().features), held_out);
    assert_eq!(validation.rows(), Some(held_out.len() as u64));
}

#[test]
fn hosts_share_the_rows_and_each_is_with_one() {
    let (context, channel) = (context(1), numbered());
    let of = |rank| rest(&mut open(&context, &channel, r#"{"shard_by_rank": true}"#, Share { rank, size: 3 }), 8);
    assert_eq!(of(1)[..3], [1.0, 4.0, 7.0]);
    assert_eq!(sorted([of(0), of(1), of(2)].concat()), everything());
}

#[test]
fn epochs_have_other_orders_and_the_same_seed_the_same() {
    let (context, channel) = (context(2), numbered());
    for options in [r#"{"shuffle_seed": 3}"#, r#"{"shuffle_seed": 3, "shuffle_rows": 16}"#] {
        let mut feed = open(&context, &channel, options, Share::WHOLE);
        let first = rest(&mut feed, 7);
        assert_ne!(first, everything(), "{options}");
        assert_eq!(sorted(first.clone()), everything(), "{options}");
        feed.rewind().unwrap();
        let second = rest(&mut feed, 11);
        assert_ne!(first, second, "{options}");
        assert_eq!(sorted(second.clone()), everything(), "{options}");
        let mut again = open(&context, &channel, options, Share::WHOLE);
        assert_eq!(rest(&mut again, 60), first, "{options}");
        again.rewind().unwrap();
        assert_eq!(rest(&mut again, 1), second, "{options}");
    }
}

#[test]
fn a_lot_trades_places_within_itself() {
    let (context, channel) = (context(2), numbered());
    let mut feed = open(&context, &channel, r#"{"shuffle_seed": 1, "shuffle_rows": 20}"#, Share::WHOLE);
    let rows = rest(&mut feed, 20);
    assert_eq!(sorted(rows[..20].to_vec()), (0..20).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn sparse_rows_are_picked_and_shuffled_alike() {
    let lines: String = (0..ROWS).map(|row| format!("{row} 3:{}\n", row + 1)).collect();
    let (context, channel) = (context(2), Channel::new("text/libsvm", &[("a.libsvm", lines.as_bytes())]));
    let options = r#"{"shuffle_seed": 2, "validation_fraction": 0.5, "part": "train"}"#;
    let (mut sparse, mut dense) = (open(&context, &channel, options, Share::WHOLE), open(&context, &channel, options, Share::WHOLE));
    let mut labels = Vec::new();
    while let Some(batch) = sparse.next_sparse(9).unwrap() {
        labels.extend(values(&batch.labels.unwrap()));
        assert_eq!(batch.features.to_dense(&context).unwrap().shape()[..], [batch.features.rows(), 3]);
    }
    let mut wanted = Vec::new();
    while let Some(batch) = dense.next(13).unwrap() {
        wanted.extend(values(&batch.labels.unwrap()));
    }
    assert!(labels.len() > 15 && labels.len() < 45);
    assert_eq!(labels, wanted);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (context, channel) = (context(1), numbered());
    for (options, wanted) in [
        (r#"{"validation_fraction": 1.0, "part": "train"}"#, "channel option validation_fraction is '1.0', not a number between 0 and 1"),
        (r#"{"validation_fraction": 0.5}"#, "channel option validation_fraction is given without part"),
        (r#"{"part": "train"}"#, "channel option part is given without validation_fraction"),
        (r#"{"part": "test", "validation_fraction": 0.5}"#, "channel option part is '\"test\"', not \"train\" or \"validation\""),
        (r#"{"shuffle_rows": 5}"#, "channel option shuffle_rows is given without shuffle_seed"),
        (r#"{"shuffle_rows": 0, "shuffle_seed": 1}"#, "channel option shuffle_rows is '0', not a whole number of at least 1"),
        (r#"{"shuffle_seed": -1}"#, "channel option shuffle_seed is '-1', not a whole number"),
    ] {
        let what = failure(Options::from_json(options)).what;
        assert!(what.starts_with(wanted), "{what}");
    }
    let mut feed = open(&context, &channel, r#"{"shuffle_seed": 1}"#, Share::WHOLE);
    feed.next(5).unwrap();
    assert!(failure(feed.read_all()).what.starts_with("read-all: the epoch has begun"));
    assert!(failure(feed.next_sparse(5)).what.starts_with("next-sparse: rows that were shuffled for next"));
    assert!(failure(feed.next(0)).what.starts_with("next: max-rows is 0"));
}

#[test]
fn a_host_without_a_row_is_told_so() {
    let (context, channel) = (context(1), Channel::new("text/csv", &[("a.csv", b"1,2\n")]));
    let share = Share { rank: 1, size: 2 };
    assert!(open(&context, &channel, r#"{"shard_by_rank": true}"#, share).next(4).unwrap().is_none());
    let what = failure(open(&context, &channel, r#"{"shard_by_rank": true}"#, share).read_all()).what;
    assert!(what.starts_with("channel 'train': none of the rows falls to this part"), "{what}");
}
