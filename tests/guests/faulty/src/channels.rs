//! Channels told row by row: `epochs` and `records` of hyperparameter `mode`.

use crate::algohost::ml::data::{self, Reader};
use crate::algohost::ml::formulas::{Reduction, reduce};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;

/// `CHANNEL EPOCHS MAX-ROWS [MOST-ROWS [OPTIONS]]`: rows, columns and sums of each epoch; MAX-ROWS of 0 reads all at once, MOST-ROWS leaves
/// the rest of an epoch.
pub(crate) fn print_epochs(text: &str) -> Result<(), Error> {
    let words: Vec<&str> = text.splitn(5, ' ').collect();
    let number = |at: usize, other: u32| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(other);
    let (epochs, max_rows, most) = (number(1, 1), number(2, 0), number(3, u32::MAX));
    let reader = match words.get(4) {
        Some(options) => data::open_channel_with(words[0], options)?,
        None => data::open_channel(words[0])?,
    };
    if reader.categories() != "{}" {
        println!("categories {}", reader.categories());
    }
    for epoch in 0..epochs {
        let (rows, sum, labels) = if max_rows == 0 { all(&reader)? } else { in_batches(&reader, max_rows, most)? };
        println!("epoch {epoch}: {rows} rows of {} columns, sum {sum}, labels {labels}", reader.columns());
        reader.rewind()?;
    }
    Ok(())
}

fn all(reader: &Reader) -> Result<(u32, f64, f64), Error> {
    if reader.is_sparse() {
        let batch = reader.read_all_sparse()?;
        let rows = batch.features.shape()[0];
        return Ok((rows, sum(&batch.features.values()?)?, batch.labels.map_or(Ok(0.0), |labels| sum(&labels))?));
    }
    let batch = reader.read_all()?;
    Ok((batch.features.shape()[0], sum(&batch.features)?, batch.labels.map_or(Ok(0.0), |labels| sum(&labels))?))
}

fn in_batches(reader: &Reader, max_rows: u32, most: u32) -> Result<(u32, f64, f64), Error> {
    let (mut rows, mut features, mut labels) = (0, 0.0, 0.0);
    while rows < most
        && let Some(batch) = reader.next(max_rows)?
    {
        rows += batch.features.shape()[0];
        features += sum(&batch.features)?;
        labels += batch.labels.map_or(Ok(0.0), |labels| sum(&labels))?;
    }
    Ok((rows, features, labels))
}

fn sum(tensor: &Tensor) -> Result<f64, Error> {
    reduce(tensor, Reduction::Sum, &[], false)?.item()
}

/// `CHANNEL EPOCHS MAX-RECORDS MAX-BYTES`: name, length and first bytes of each record.
pub(crate) fn print_records(text: &str) -> Result<(), Error> {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(1);
    let reader = data::open_records(words[0])?;
    for epoch in 0..number(1) {
        loop {
            let records = reader.next(number(2), number(3))?;
            if records.is_empty() {
                break;
            }
            println!("epoch {epoch}: {} at once", records.len());
            for record in records {
                let start = String::from_utf8_lossy(&record.bytes[..record.bytes.len().min(20)]).into_owned();
                println!("epoch {epoch}: {:?} {} bytes {start:?}", record.name, record.bytes.len());
            }
        }
        reader.rewind()?;
    }
    Ok(())
}
