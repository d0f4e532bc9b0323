//! What comes when rows are read ahead, against what comes without.

use super::*;
use crate::testing::{Channel, context, failure, values};
use crate::{IndexBase, Options};

const ROWS: usize = 60_000;

/// Batches of so many rows are worth to be read ahead.
const LARGE: usize = 20_000;

/// Rows `label, a, b` whose last one is wrong, where it is to be.
fn channel(wrong: bool) -> Channel {
    let mut text: String = (0..ROWS).map(|row| format!("{row},{},{}\n", row % 7, row / 3)).collect();
    if wrong {
        text.push_str("1,2,x\n");
    }
    Channel::new("text/csv", &[("a.csv", text.as_bytes())])
}

fn reader(context: &Context, channel: &Channel) -> Reader {
    Reader::open(context, &channel.source, Options::default(), &mut IndexBase::default()).unwrap()
}

#[test]
fn batches_are_the_same_whatever_is_asked_for_in_between() {
    let (channel, context) = (channel(false), context(2));
    let mut plain = reader(&context, &channel);
    let all = values(&plain.read_all().unwrap().features);
    let told = context.in_pool(|| {
        let mut ahead = Ahead::new(&context, reader(&context, &channel));
        let mut told: Vec<Vec<f64>> = Vec::new();
        for epoch in 0..3 {
            let mut rows = Vec::new();
            // Every second size is another than was read ahead.
            for size in [LARGE, LARGE, LARGE / 2, 1, LARGE, LARGE, LARGE] {
                let Some(batch) = ahead.next(size).unwrap() else { break };
                assert!(batch.features.shape()[0] <= size && batch.labels.is_some());
                rows.extend(values(&batch.features));
                if epoch == 1 {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            told.push(rows);
            ahead.rewind().unwrap();
        }
        ahead.next(LARGE).unwrap();
        told.push(values(&ahead.read_all().unwrap().features));
        ahead.rewind().unwrap();
        ahead.next(LARGE).unwrap();
        let sparse = ahead.next_sparse(LARGE).unwrap().unwrap();
        told.push(values(&sparse.features.to_dense(&context).unwrap()));
        told
    });
    for rows in &told[..3] {
        assert!(*rows == all);
    }
    assert!(told[3] == all[2 * LARGE..]);
    assert!(told[4] == all[2 * LARGE..4 * LARGE]);
}

#[test]
fn what_is_wrong_is_told_when_it_is_asked_for_and_again() {
    let (channel, context) = (channel(true), context(2));
    context.in_pool(|| {
        let mut ahead = Ahead::new(&context, reader(&context, &channel));
        for _ in 0..ROWS / LARGE {
            assert_eq!(ahead.next(LARGE).unwrap().unwrap().features.shape()[0], LARGE);
        }
        for _ in 0..2 {
            assert_eq!(failure(ahead.next(LARGE)).what, format!("train/a.csv:{}: column 3 is 'x', not a number", ROWS + 1));
        }
    });
}

#[test]
fn a_reader_that_is_dropped_is_gone_when_it_is() {
    let (channel, context) = (channel(false), context(2));
    context.in_pool(|| {
        for _ in 0..20 {
            let mut ahead = Ahead::new(&context, reader(&context, &channel));
            drop(ahead.next(LARGE).unwrap());
            drop(ahead);
            assert_eq!(context.budget().used(), 0);
        }
    });
}
