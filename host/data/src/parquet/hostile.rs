//! Files made by hand that lie: about rows, about pages, about sizes.

use super::super::testing::{Channel, failure, values, varint};
use super::page;
use algohost_failure::{Code, Failure};

/// What a file of one column of float32 says of itself; it has one page, of two values.
#[derive(Clone)]
struct Lies {
    rows: i64,
    group_rows: i64,
    values: i64,
    codec: i64,
    page_values: i64,
    encoding: i64,
    packed: i64,
    unpacked: i64,
    /// How many bytes the column is longer than its page.
    longer: i64,
    depth: usize,
}

const TRUTH: Lies = Lies {
    rows: 2,
    group_rows: 2,
    values: 2,
    codec: 0,
    page_values: 2,
    encoding: page::PLAIN as i64,
    packed: 8,
    unpacked: 8,
    longer: 0,
    depth: 0,
};

/// A field with a whole number, so many after the one before.
fn number(step: u8, value: i64) -> Vec<u8> {
    [vec![step << 4 | 6], varint(((value << 1) ^ (value >> 63)) as u64)].concat()
}

fn name(step: u8, name: &str) -> Vec<u8> {
    [vec![step << 4 | 8, name.len() as u8], name.as_bytes().to_vec()].concat()
}

/// A field with a struct of these fields.
fn inner(step: u8, fields: &[Vec<u8>]) -> Vec<u8> {
    [vec![step << 4 | 12], fields.concat(), vec![0]].concat()
}

/// A field with a list of structs, of which there are few enough to count them in one byte.
fn list(step: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    let fields = elements.iter().flat_map(|fields| [fields.as_slice(), &[0]].concat());
    [step << 4 | 9, 0xFC, elements.len() as u8].into_iter().chain(fields).collect()
}

/// The file.
fn file(lies: &Lies) -> Vec<u8> {
    let data = inner(2, &[number(1, lies.page_values), number(1, lies.encoding), number(1, 3), number(1, 3)]);
    let header = [number(1, 0), number(1, lies.unpacked), number(1, lies.packed), data, vec![0]].concat();
    let page = [header, [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect()].concat();
    let root = [name(4, "root"), number(1, 1)].concat();
    let group = [name(4, "group"), number(1, 1)].concat();
    let leaf = [number(1, 4), number(2, 0), name(1, "a")].concat();
    let schema = [vec![root], vec![group; lies.depth], vec![leaf]].concat();
    let length = page.len() as i64 + lies.longer;
    let column = inner(3, &[number(1, 4), number(3, lies.codec), number(1, lies.values), number(2, length), number(2, 4)]);
    let row_group = [list(1, &[column]), number(2, lies.group_rows)].concat();
    let metadata = [number(1, 2), list(1, &schema), number(1, lies.rows), list(1, &[row_group]), vec![0]].concat();
    let length = (metadata.len() as u32).to_le_bytes();
    [b"PAR1", &page[..], &metadata, &length, b"PAR1"].concat()
}

fn read(bytes: &[u8]) -> Result<Vec<f64>, Failure> {
    let read = Channel::new("parquet; label_size=0", &[("a", bytes)]).read_all("{}");
    read.map(|read| values(&read.features)).map_err(|error| Failure::of(&error))
}

#[test]
fn a_file_that_lies_is_told() {
    assert_eq!(read(&file(&TRUTH)).unwrap(), [1.5, -2.0]);
    let column = "train/a: row group 1 of 1, column 'a': ";
    let groups = "train/a: row group 1 of 1: column 'a': ";
    let cases = [
        (Lies { rows: 9, ..TRUTH }, "train/a: broken: its metadata say 9 rows, its row groups have 2".to_owned()),
        (Lies { values: 5, ..TRUTH }, format!("{groups}5 values in 2 rows")),
        (
            Lies { rows: -1, ..TRUTH },
            "train/a: the metadata at the end of the file is broken: its field 3 is -1, which cannot be negative".to_owned(),
        ),
        (Lies { rows: 3, group_rows: 3, values: 3, ..TRUTH }, format!("{column}its pages have fewer values than the row group has rows")),
        (Lies { page_values: 5, ..TRUTH }, format!("{column}the page at byte 4: 5 values, where 2 are left of the row group")),
        (Lies { longer: 1 << 40, ..TRUTH }, format!("{groups}its 1099511627801 bytes from byte 4 on are not within the file's pages")),
        (
            Lies { packed: 9, ..TRUTH },
            format!("{column}the page at byte 4: 9 bytes long, of which 8 lie in the column's piece of the file"),
        ),
        (
            Lies { packed: -9, ..TRUTH },
            format!("{column}the page at byte 4: its header is broken: it has the number -9; 0 to 2147483647 are possible"),
        ),
        (
            Lies { unpacked: 7, ..TRUTH },
            format!("{column}the page at byte 4: broken unpacked data: it has another length than the page's header says"),
        ),
        (Lies { encoding: 8, ..TRUTH }, format!("{column}the page at byte 4: values in a dictionary, of which there is none")),
        (
            Lies { encoding: 7, ..TRUTH },
            format!("{column}the page at byte 4: values in DELTA_BYTE_ARRAY, which is not supported for the column's type"),
        ),
        (Lies { codec: 3, ..TRUTH }, format!("{column}its pages are packed with LZO, which is not supported")),
        (
            Lies { codec: 1, ..TRUTH },
            format!("{column}the page at byte 4: broken SNAPPY data: it has another length than the page's header says"),
        ),
        (
            Lies { depth: 20, ..TRUTH },
            "train/a: column 'group' is nested (a list, a map or a struct); columns of plain numbers are wanted".to_owned(),
        ),
    ];
    for (lies, message) in cases {
        let failure = read(&file(&lies)).unwrap_err();
        assert_eq!((failure.code, failure.what), (Code::InvalidInput, message));
    }
}

#[test]
fn claims_of_memory_are_refused_before_it_is_taken() {
    // A page that says it unpacks to 2 GB, and rows beyond any memory.
    for codec in [0, 1, 2, 6, 7] {
        let told = read(&file(&Lies { codec, unpacked: i64::from(i32::MAX), ..TRUTH })).unwrap_err();
        assert_eq!(told.code, Code::LimitExceeded, "{}", told.what);
        assert!(told.what.starts_with("train/a: row group 1 of 1, column 'a': "), "{}", told.what);
    }
    let many = 1 << 50;
    let told = read(&file(&Lies { rows: many, group_rows: many, values: many, ..TRUTH })).unwrap_err();
    assert_eq!(told.code, Code::LimitExceeded, "{}", told.what);
    let sum = failure(
        Channel::new("parquet", &[("a", &file(&Lies { rows: i64::MAX, group_rows: i64::MAX, values: i64::MAX, ..TRUTH }))]).open("{}"),
    );
    assert_eq!(sum.what, "channel 'train': 1 column, of which 1 label; no features are left");
}
