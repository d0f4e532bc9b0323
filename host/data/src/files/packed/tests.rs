use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::super::super::testing::{Channel, context, values, wrong_input};
use super::super::super::{IndexBase, Options, Reader};
use super::super::list;
use super::super::stream::BLOCK;
use super::{MOST, MOST_ANYWAY, unpack};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// About 5 MB of rows, so that more is unpacked than is kept.
fn rows() -> String {
    (0..400_000).map(|row| format!("{},{},{}\n", row % 7, row, row % 1000)).collect()
}

#[test]
fn packed_files_are_read_like_others() {
    let text = rows();
    let (head, tail) = text.as_bytes().split_at(text.len() / 3);
    let skippable = [&[0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0], &b"abc"[..]].concat();
    let plain = Channel::new("", &[("a.csv", text.as_bytes()), ("b.csv", b"1,2,3\n")]);
    let packed = [
        ("a.csv.gz", gzip(text.as_bytes()), gzip(b"1,2,3\n")),
        ("a.csv.gz", [gzip(head), gzip(tail)].concat(), gzip(b"1,2,3\n")),
        ("a.csv.zst", [zstd(head), skippable, zstd(tail)].concat(), zstd(b"1,2,3\n")),
        ("a.CSV.GZ", gzip(text.as_bytes()), b"1,2,3\n".to_vec()),
    ];
    let open = |channel: &Channel, threads| {
        Reader::open(&context(threads), &channel.source, Options::default(), &mut IndexBase::default()).unwrap()
    };
    let wanted = values(&open(&plain, 1).read_all().unwrap().features);
    for (name, first, second) in packed {
        let channel = Channel::new("", &[(name, &first), ("b.csv", &second)]);
        for threads in [1, 3] {
            let mut reader = open(&channel, threads);
            assert!(values(&reader.read_all().unwrap().features) == wanted, "{name}, {threads} threads");
            reader.rewind();
            let mut batches = Vec::new();
            while let Some(batch) = reader.next(30_001).unwrap() {
                batches.extend(values(&batch.features));
            }
            assert!(batches == wanted, "{name}, {threads} threads, in batches");
        }
    }
}

#[test]
fn any_place_of_a_packed_file_can_be_read_in_any_order() {
    let text = rows();
    for bytes in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        let channel = Channel::new("", &[("a.csv.gz", &bytes)]);
        let files = unpack(&context(1), "train", list(channel.path()).unwrap()).unwrap();
        assert_eq!(files[0].bytes, text.len() as u64);
        let source = files[0].open().unwrap();
        let end = text.len() - 5;
        for (offset, length) in [(end, 100), (0, 10), (BLOCK - 3, BLOCK + 6), (BLOCK, 4), (3 << 20, 3), (end + 5, 3), (end + 99, 3), (7, 0)]
        {
            let mut buffer = vec![0; length];
            let read = source.read_up_to(offset as u64, &mut buffer).unwrap();
            let wanted = &text.as_bytes()[offset.min(text.len())..(offset + length).min(text.len())];
            assert!(buffer[..read] == *wanted, "{length} bytes from {offset}");
        }
    }
}

#[test]
fn places_in_packed_files_are_those_of_what_they_hold() {
    let told = |name: &str, bytes: &[u8]| wrong_input(Channel::new("", &[(name, bytes)]).read_all("{}"));
    assert_eq!(told("a.csv.gz", &gzip(b"1,2\n3,x\n")), "train/a.csv.gz:2: column 2 is 'x', not a number");
    assert_eq!(told("a.jsonl.zst", &zstd(b"[1,2]\n\n[3]\n")), "train/a.jsonl.zst:3: 1 column, the lines before have 2");
}

#[test]
fn broken_packed_files_are_told() {
    let text = rows();
    for (name, kind, bytes) in [("a.csv.gz", "gzip", gzip(text.as_bytes())), ("a.csv.zst", "Zstandard", zstd(text.as_bytes()))] {
        let told = |bytes: &[u8]| wrong_input(Channel::new("", &[(name, bytes)]).open("{}"));
        for length in [bytes.len() - 1, bytes.len() / 2, 5] {
            let message = told(&bytes[..length]);
            assert!(message.starts_with(&format!("train/{name}: {kind} data broken after ")), "{length}: {message}");
            assert!(message.ends_with("the file ends too early"), "{length}: {message}");
        }
        let trailing = told(&[&bytes[..], b"trailing"].concat());
        assert!(trailing.starts_with(&format!("train/{name}: {kind} data broken after ")), "{trailing}");
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle..middle + 8].fill(0x55);
        assert!(Channel::new("", &[(name, &changed)]).open("{}").is_err());
    }
}

#[test]
fn a_bomb_is_refused() {
    // Runs of one byte, four bytes for each 128 KiB: 32,000 times as many.
    let frame = [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38][..], &[0x02, 0x00, 0x10, b'1'].repeat(1000), &[0x03, 0x00, 0x10, b'1']].concat();
    let bomb = frame.repeat(9);
    let message = wrong_input(Channel::new("csv", &[("a.zst", &bomb)]).open("{}"));
    let most = bomb.len() as u64 * MOST + MOST_ANYWAY;
    assert_eq!(message, format!("train/a.zst: {} bytes unpack to more than {most}, 1000 times as many and 1 GB", bomb.len()));
}

#[test]
fn broken_members_are_read_or_told() {
    let text = b"1,2,3\n4,5,6\n";
    super::super::super::mutations::check("text/csv", &[&gzip(text), &zstd(text), &[gzip(text), gzip(text)].concat()]);
}
