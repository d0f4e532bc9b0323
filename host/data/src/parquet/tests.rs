use std::path::Path;

use super::super::testing::{Channel, context, failure, values, wrong_input};
use super::super::{IndexBase, Options, Reader};

/// A file that pyarrow wrote.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tables").join(name)).unwrap()
}

fn channel(name: &str) -> Channel {
    Channel::new("", &[("a.parquet", &fixture(name))])
}

/// The cells of a row of the `pages` files, as `make.py` computes them.
fn page_row(row: u32) -> [f64; 7] {
    let r = f64::from(row);
    let missing = if row % 7 == 3 { f64::NAN } else { r / 4.0 };
    [
        f64::from(row % 2),
        r * r - 5.0 * r,
        f64::from(row * 37 % 101) / 8.0,
        f64::from(row % 5),
        f64::from(u8::from(row.is_multiple_of(3))),
        missing,
        r / 1000.0,
    ]
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn all_encodings_and_compressions_give_the_same_rows() {
    let wanted: Vec<f64> = (0..300).flat_map(page_row).collect();
    for version in [1, 2] {
        for codec in ["none", "snappy", "gzip", "lz4", "zstd"] {
            let name = format!("pages-{version}-{codec}.parquet");
            let read = channel(&name).read_all(r#"{"label_size": 0, "dtype": "float64"}"#).unwrap();
            assert_eq!(read.features.shape()[..], [300, 7], "{name}");
            assert_eq!(bits(&values(&read.features)), bits(&wanted), "{name}");
        }
    }
}

#[test]
fn batches_of_any_size_by_any_number_of_threads_are_the_same_rows() {
    let (first, second) = (fixture("pages-1-snappy.parquet"), fixture("pages-2-zstd.parquet"));
    let channel = Channel::new("parquet", &[("a", &first), ("b/c", &second)]);
    let cast = |number: f64| f64::from(number as f32);
    let rows: Vec<[f64; 7]> = (0..300).chain(0..300).map(page_row).collect();
    let labels: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    let wanted: Vec<f64> = rows.iter().flat_map(|row| row[1..].iter().copied().map(cast)).collect();
    for threads in [1, 3] {
        for size in [1, 7, 130, 299, 1000] {
            let mut reader = Reader::open(&context(threads), &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
            assert_eq!((reader.columns(), reader.rows(), reader.is_sparse()), (6, Some(600), false));
            for _ in 0..2 {
                let (mut features, mut found) = (Vec::new(), Vec::new());
                while let Some(batch) = reader.next(size).unwrap() {
                    assert!(batch.features.shape()[0] <= size);
                    features.extend(values(&batch.features));
                    found.extend(values(&batch.labels.unwrap()));
                }
                assert!(bits(&features) == bits(&wanted) && found == labels, "{threads} threads, {size} rows");
                reader.rewind();
            }
            reader.next(5).unwrap().unwrap();
            let rest = reader.read_all().unwrap();
            assert_eq!(bits(&values(&rest.features)), bits(&wanted[30..]), "{threads} threads");
        }
    }
}

#[test]
fn every_type_of_number_is_read() {
    let row = |r: f64| {
        let mut cells = vec![
            r - 3.0,
            (r - 3.0) * 1000.0,
            (r - 3.0) * 1e5,
            (r - 3.0) * 1e10,
            250.0 + r,
            65530.0 + r,
            4_294_967_290.0 + r,
            2_f64.powi(63) + r * 2_f64.powi(40),
            r / 2.0 - 1.0,
            r / 4.0,
            r / 8.0,
            f64::from(u8::from(r % 2.0 == 0.0)),
            r - 1.25,
            f64::NAN,
        ];
        if r == 4.0 {
            cells.iter_mut().skip(1).step_by(2).for_each(|cell| *cell = f64::NAN);
        }
        cells
    };
    let wanted: Vec<f64> = (0..6).flat_map(|r| row(f64::from(r))).collect();
    for name in ["types.parquet", "types-plain.parquet"] {
        let read = channel(name).read_all(r#"{"label_size": 0, "dtype": "float64"}"#).unwrap();
        assert_eq!(bits(&values(&read.features)), bits(&wanted), "{name}");
    }
    let decimals = channel("decimals.parquet").read_all(r#"{"label_size": 0, "dtype": "float64"}"#).unwrap();
    let wanted: Vec<f64> = (0..6).flat_map(|r| [f64::from(r) - 1.25; 2]).collect();
    assert_eq!(values(&decimals.features), wanted);
}

#[test]
fn the_first_columns_are_labels_and_a_weight() {
    let read = channel("pages-1-none.parquet").read_all(r#"{"label_size": 2, "weight": true}"#).unwrap();
    assert_eq!((&read.features.shape()[..], &read.labels.as_ref().unwrap().shape()[..]), (&[300, 4][..], &[300, 2][..]));
    assert_eq!(values(&read.labels.unwrap())[..4], [0.0, 0.0, 1.0, -4.0]);
    assert_eq!(values(&read.weights.unwrap())[..2], [0.0, 37.0 / 8.0]);
    let said = Channel::new("application/vnd.apache.parquet; label_size=3", &[("a", &fixture("pages-1-none.parquet"))]);
    assert_eq!(said.read_all("{}").unwrap().features.shape()[..], [300, 4]);
    let sparse = channel("pages-1-none.parquet").open("{}").unwrap().next_sparse(3).unwrap().unwrap();
    assert_eq!((sparse.features.rows(), sparse.features.columns()), (3, 6));
    let columns = channel("decimals.parquet").read_all(r#"{"columns": 5}"#);
    assert_eq!(wrong_input(columns), "channel 'train': 1 column of features, 5 are wanted");
}

#[test]
fn columns_that_are_no_numbers_are_told() {
    let cases = [
        ("text", "column 'name' is text (STRING), not a number"),
        ("list", "column 'parts' is nested (a list, a map or a struct); columns of plain numbers are wanted"),
        ("time", "column 'when' is a point in time (TIMESTAMP), not a number"),
    ];
    for (name, message) in cases {
        assert_eq!(wrong_input(channel(&format!("{name}.parquet")).open("{}")), format!("train/a.parquet: {message}"));
    }
    let brotli = wrong_input(channel("brotli.parquet").read_all("{}"));
    assert_eq!(brotli, "train/a.parquet: row group 1 of 1, column 'a': its pages are packed with BROTLI, which is not supported");
}

#[test]
fn files_of_a_channel_have_the_same_columns() {
    let told = |name: &str| {
        wrong_input(Channel::new("", &[("a.parquet", &fixture("decimals.parquet")), ("b.parquet", &fixture(name))]).open("{}"))
    };
    assert_eq!(told("types.parquet"), "train/b.parquet: 14 columns, train/a.parquet has 2");
    assert_eq!(told("two.parquet"), "train/b.parquet: column 1 is '18', in train/a.parquet it is '9'");
}

#[test]
fn what_is_no_whole_file_is_told() {
    let whole = fixture("decimals.parquet");
    let told = |bytes: &[u8]| wrong_input(Channel::new("parquet", &[("a", bytes)]).read_all("{}"));
    let end = whole.len() - 8;
    assert_eq!(told(b"1,2,3\n4,5,6,7\n"), "train/a: not a Parquet file: it does not begin with PAR1");
    assert_eq!(told(b"PAR1"), "train/a: not a Parquet file: 4 bytes long; 12 are the shortest possible");
    assert_eq!(told(&whole[..end]), "train/a: no whole Parquet file: it does not end with PAR1");
    let with_length = |length: u32| [&whole[..end], &length.to_le_bytes(), b"PAR1"].concat();
    let most = end - 4;
    let message = format!("train/a: broken: its last bytes say that 4294967295 bytes of metadata precede them, where {most} are");
    assert_eq!(told(&with_length(u32::MAX)), message);
    assert_eq!(told(&with_length(0)), "train/a: the metadata at the end of the file is broken: it is cut off");
    assert_eq!(told(&[&whole[..end + 4], b"PARE"].concat()), "train/a: the file is encrypted, which is not supported");
    let empty = failure(Channel::new("parquet", &[("a", &fixture("empty.parquet"))]).open("{}"));
    assert!(empty.what.starts_with("channel 'train': no rows in the data"), "{}", empty.what);
}

#[test]
fn broken_pages_are_told_with_their_place() {
    let mut changed = fixture("pages-1-snappy.parquet");
    // Some byte of the first page, behind its header.
    changed[40] ^= 1;
    let channel = Channel::new("parquet", &[("a", &changed)]);
    let told = wrong_input(channel.read_all("{}"));
    let place = "train/a: row group 1 of 3, column 'label': the page at byte ";
    assert!(told.starts_with(place) && told.ends_with(": its checksum is not that of its bytes"), "{told}");
    // It is told again, not left out.
    let mut reader = channel.open("{}").unwrap();
    for _ in 0..2 {
        assert_eq!(wrong_input(reader.next(1)), told);
    }
}

#[test]
fn broken_files_are_read_or_told() {
    let seeds = ["decimals.parquet", "types-plain.parquet", "types.parquet", "pages-1-none.parquet", "pages-2-lz4.parquet"].map(fixture);
    super::super::mutations::check("parquet; label_size=1", &seeds.each_ref().map(Vec::as_slice));
}
