//! The files that are read: a label and 28 numbers in each row, made once.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const COLUMNS: usize = 28;

/// A file, and what it becomes.
pub(crate) struct Made {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Of features and labels as float32.
    pub(crate) tensor_bytes: u64,
}

/// Numbers as measurements have them, five digits behind the point, most of them small.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        let mut uniform = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 24) as f32
        };
        ((uniform() + uniform() + uniform() - 1.5) * 200_000.0).round() / 100_000.0
    }
}

/// The file of a format, beside the size of a CSV file of so many megabytes.
pub(crate) fn make(format: &str, folder: &Path, megabytes: usize) -> Made {
    std::fs::create_dir_all(folder).unwrap();
    // Slow readers get less to read.
    let (rows, end) = match format {
        "csv" => (megabytes * 4000, "csv"),
        "libsvm" => (megabytes * 500, "libsvm"),
        "recordio" => (megabytes * 1000, "pbr"),
        "parquet" => (megabytes * 2000, "parquet"),
        _ => (megabytes * 4000, "npy"),
    };
    let path = folder.join(format!("{rows}.{end}"));
    if !path.exists() {
        let partial = folder.join("partial");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&partial).unwrap());
        match format {
            "csv" => write_csv(&mut out, rows),
            "libsvm" => write_libsvm(&mut out, rows),
            "recordio" => write_recordio(&mut out, rows),
            "parquet" => write_parquet(&partial, rows),
            _ => write_npy(&mut out, rows),
        }
        out.flush().unwrap();
        std::fs::rename(partial, &path).unwrap();
    }
    let bytes = path.metadata().unwrap().len();
    // Of libsvm, the matrix of what is stored: a position and a value for each, and where rows begin.
    let in_row = if format == "libsvm" { COLUMNS * 8 + 8 + 4 } else { (COLUMNS + 1) * 4 };
    Made { path, bytes, tensor_bytes: (rows * in_row) as u64 }
}

fn write_csv(out: &mut impl Write, rows: usize) {
    let mut numbers = Numbers(1);
    for row in 0..rows {
        write!(out, "{}", row % 2).unwrap();
        (0..COLUMNS).for_each(|_| write!(out, ",{}", numbers.next()).unwrap());
        out.write_all(b"\n").unwrap();
    }
}

fn write_libsvm(out: &mut impl Write, rows: usize) {
    let mut numbers = Numbers(2);
    for row in 0..rows {
        write!(out, "{}", row % 2).unwrap();
        (1..=COLUMNS).for_each(|column| write!(out, " {column}:{}", numbers.next()).unwrap());
        out.write_all(b"\n").unwrap();
    }
}

fn write_recordio(out: &mut impl Write, rows: usize) {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8][..], content].concat();
    let tensor = |values: &[f32]| field(2, &field(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()));
    // A length beyond 127 takes two bytes.
    let long = |number: u8, content: &[u8]| {
        let (low, high) = ((content.len() & 127) as u8 | 128, (content.len() >> 7) as u8);
        if content.len() < 128 { field(number, content) } else { [&[number << 3 | 2, low, high][..], content].concat() }
    };
    let mut numbers = Numbers(3);
    for row in 0..rows {
        let values: Vec<f32> = (0..COLUMNS).map(|_| numbers.next()).collect();
        let entry = |map: u8, tensor: &[u8]| long(map, &[field(1, b"values"), long(2, tensor)].concat());
        let record = [entry(1, &tensor(&values)), entry(2, &tensor(&[(row % 2) as f32]))].concat();
        out.write_all(&0xCED7_230A_u32.to_le_bytes()).unwrap();
        out.write_all(&(record.len() as u32).to_le_bytes()).unwrap();
        out.write_all(&record).unwrap();
        out.write_all(&[0; 3][..record.len().next_multiple_of(4) - record.len()]).unwrap();
    }
}

fn write_npy(out: &mut impl Write, rows: usize) {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {}), }}", COLUMNS + 1);
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00").unwrap();
    out.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    out.write_all(header.as_bytes()).unwrap();
    let mut numbers = Numbers(4);
    for _ in 0..rows {
        (0..=COLUMNS).for_each(|_| out.write_all(&numbers.next().to_le_bytes()).unwrap());
    }
}

/// As pyarrow writes it, from an array.
fn write_parquet(path: &Path, rows: usize) {
    let array = path.with_extension("npy");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&array).unwrap());
    write_npy(&mut out, rows);
    out.flush().unwrap();
    let made = crate::peers::peer_of("readers", "readers.py", 2).arg("make-parquet").arg(&array).arg(path).status().unwrap();
    assert!(made.success());
    std::fs::remove_file(array).unwrap();
}
