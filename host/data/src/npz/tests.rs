use std::io::Write;
use std::path::Path;

use super::super::testing::{Channel, context, failure, values, wrong_input};
use super::super::{IndexBase, Options, Reader};
use algohost_failure::Code;

/// A file that NumPy or SciPy wrote.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tables").join(name)).unwrap()
}

fn channel(name: &str) -> Channel {
    Channel::new("", &[("a.npz", &fixture(name))])
}

/// The features of all six rows, as `make.py` computes them.
fn features() -> Vec<f64> {
    (0..6).flat_map(|r| (0..3).map(move |c| if (r + c) % 3 == 0 { 0.0 } else { f64::from(r) + f64::from(c) / 4.0 })).collect()
}

const LABELS: [f64; 6] = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
const WEIGHTS: [f64; 6] = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5];

/// A ZIP archive of stored members.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut checksum = flate2::Crc::new();
        checksum.update(bytes);
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let common =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &checksum.sum().to_le_bytes(), &length, &length, &[name.len() as u8, 0, 0, 0]].concat();
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &(file.len() as u32).to_le_bytes(), name.as_bytes()].concat());
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), bytes].concat());
    }
    let (count, start, length) = (members.len() as u8, file.len() as u32, directory.len() as u32);
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &[count, 0, count, 0], &length.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat();
    file.write_all(&[directory, end].concat()).unwrap();
    file
}

/// An NPY file.
fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), elements].concat()
}

#[test]
fn members_are_features_labels_and_weights() {
    for (name, options) in
        [("named.npz", "{}"), ("positional.npz", r#"{"label_size": 1, "weight": true}"#), ("named.npz", r#"{"label_size": 1}"#)]
    {
        let read = channel(name).read_all(options).unwrap();
        assert_eq!((&read.features.shape()[..], values(&read.features)), (&[6, 3][..], features()), "{name}");
        assert_eq!((values(&read.labels.unwrap()), values(&read.weights.unwrap())), (LABELS.to_vec(), WEIGHTS.to_vec()), "{name}");
    }
    let unlabelled = channel("named.npz").read_all(r#"{"label_size": 0}"#).unwrap();
    assert!(unlabelled.labels.is_none() && unlabelled.weights.is_some());
    let plain = channel("positional.npz").read_all("{}").unwrap();
    assert_eq!((plain.features.shape()[1], plain.labels.is_none()), (5, true));
}

#[test]
fn deflated_members_are_read_like_stored_ones() {
    let read = channel("deflated.npz").read_all(r#"{"dtype": "float64"}"#).unwrap();
    assert_eq!(values(&read.features), features());
    assert_eq!(values(&read.labels.unwrap()), LABELS.iter().flat_map(|label| [*label, -label]).collect::<Vec<f64>>());
    assert!(read.weights.is_none());
}

#[test]
fn batches_cross_the_borders_of_files() {
    let bytes = fixture("deflated.npz");
    let channel = Channel::new("npz", &[("a", &bytes), ("b", &bytes), ("c", &bytes)]);
    let wanted = [features(), features(), features()].concat();
    for threads in [1, 3] {
        for size in [1, 4, 7, 100] {
            let mut reader = Reader::open(&context(threads), &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
            assert_eq!((reader.columns(), reader.rows(), reader.is_sparse()), (3, Some(18), false));
            let mut found = Vec::new();
            while let Some(batch) = reader.next(size).unwrap() {
                found.extend(values(&batch.features));
            }
            assert_eq!(found, wanted, "{threads} threads, {size} rows");
            reader.rewind();
            assert_eq!(values(&reader.read_all().unwrap().features), wanted);
        }
    }
}

#[test]
fn sparse_matrices_of_scipy_are_read_sparsely() {
    for (name, labelled) in [("csr.npz", false), ("csr-labels.npz", true)] {
        let channel = channel(name);
        let mut reader = channel.open("{}").unwrap();
        assert_eq!((reader.columns(), reader.rows(), reader.is_sparse()), (3, Some(6), true));
        let sparse = reader.read_all_sparse().unwrap();
        let stored = features().iter().filter(|&&value| value != 0.0).count();
        assert_eq!((sparse.features.rows(), sparse.features.stored()), (6, stored), "{name}");
        reader.rewind();
        let dense = reader.read_all().unwrap();
        assert_eq!(values(&dense.features), features(), "{name}");
        for (labels, weights) in [(sparse.labels, sparse.weights), (dense.labels, dense.weights)] {
            assert_eq!(labels.map(|labels| values(&labels)), labelled.then(|| LABELS.to_vec()), "{name}");
            assert_eq!(weights.map(|weights| values(&weights)), labelled.then(|| WEIGHTS.to_vec()), "{name}");
        }
        reader.rewind();
        let mut rows = 0;
        while let Some(batch) = reader.next_sparse(4).unwrap() {
            rows += batch.features.rows();
        }
        assert_eq!(rows, 6);
    }
    let told = wrong_input(channel("csr.npz").open(r#"{"label_size": 1}"#));
    assert_eq!(told, "channel 'train': labels and weights are no columns of a sparse matrix");
}

#[test]
fn what_cannot_be_read_is_told() {
    let told = |name: &str| failure(channel(name).open("{}"));
    let objects = "an array of Python objects, which can run any program when it is read; save plain numbers";
    assert_eq!(told("objects.npz").what, format!("train/a.npz: member 'x': {objects}"));
    assert_eq!(told("csc.npz").what, "train/a.npz: a SciPy matrix in the format 'csc'; csr is supported");
    assert_eq!(told("csc.npz").help.as_deref(), Some("save matrix.tocsr()"));
    assert_eq!(told("ambiguous.npz").what, "train/a.npz: none of its members is the matrix of features: 'a', 'b'");
    let raw = |bytes: &[u8]| wrong_input(Channel::new("npz", &[("a", bytes)]).open("{}"));
    assert_eq!(raw(b"1,2,3\n"), "train/a: not an NPZ file, or a broken one: Missing end of central directory");
    let x = npy("|u1", "(2, 1)", &[1, 2]);
    let y = npy("|u1", "(3,)", &[1, 2, 3]);
    assert_eq!(raw(&archive(&[("x.npy", &x), ("y.npy", &y)])), "train/a: member 'y': 3 rows, the features have 2");
    assert_eq!(raw(&archive(&[("x.npy", &x), ("x.npy", &x)])), "train/a: member 'x': occurs twice");
    assert_eq!(raw(&archive(&[("x.npy", &x[..20])])), "train/a: member 'x': the NPY header is cut off");
    let weights = npy("|u1", "(2, 2)", &[1; 4]);
    let told = raw(&archive(&[("x.npy", &x), ("weights.npy", &weights)]));
    assert_eq!(told, "train/a: member 'weights': 2 columns, where each row has one weight");
    let label_size = Channel::new("npz; label_size=2", &[("a", &fixture("named.npz"))]).open("{}");
    assert_eq!(wrong_input(label_size), "channel 'train': 1 column in the member of labels, label_size is 2");
    let two = Channel::new("", &[("a.npz", &fixture("named.npz")), ("b.npz", &fixture("csr.npz"))]).open("{}");
    let forms = "3 columns of sparse features, no labels, no weights; train/a.npz has 3 columns of dense features, 1 label, weights";
    assert_eq!(wrong_input(two), format!("train/b.npz: {forms}"));
}

#[test]
fn sparse_matrices_that_contradict_themselves_are_told() {
    let list = |numbers: &[u8]| npy("|u1", &format!("({},)", numbers.len()), numbers);
    let told = |indices: &[u8], offsets: &[u8], shape: &[u8]| {
        let members = [list(&vec![7; indices.len()]), list(indices), list(offsets), list(shape), npy("|S3", "()", b"csr")];
        let names = ["data.npy", "indices.npy", "indptr.npy", "shape.npy", "format.npy"];
        let members: Vec<(&str, &[u8])> = names.into_iter().zip(members.iter().map(Vec::as_slice)).collect();
        Channel::new("npz", &[("a", &archive(&members))]).read_all("{}").map(|read| values(&read.features))
    };
    assert_eq!(told(&[1, 0], &[0, 1, 2], &[2, 2]).unwrap(), [0.0, 7.0, 7.0, 0.0]);
    let wrong = |indices: &[u8], offsets: &[u8], shape: &[u8]| wrong_input(told(indices, offsets, shape));
    assert_eq!(wrong(&[1, 2], &[0, 1, 2], &[2, 2]), "train/a: row 2 of the sparse matrix: key 2 is beyond the 2 columns of a row");
    assert_eq!(wrong(&[1, 1], &[0, 2, 2], &[2, 2]), "train/a: row 1 of the sparse matrix: the key 1 occurs twice");
    assert_eq!(wrong(&[1, 0], &[0, 2, 1], &[2, 2]), "train/a: member 'indptr': not the offsets of rows of 2 elements");
    assert_eq!(wrong(&[1, 0], &[0, 1, 9], &[2, 2]), "train/a: member 'indptr': not the offsets of rows of 2 elements");
    let message = "train/a: a SciPy matrix that contradicts itself: 3 by 2 with 3 offsets, 2 indices and 2 values";
    assert_eq!(wrong(&[1, 0], &[0, 1, 2], &[3, 2]), message);
}

#[test]
fn broken_deflated_members_are_told() {
    let bytes = fixture("deflated.npz");
    let at = bytes.windows(5).position(|part| part == b"X.npy").unwrap();
    let mut told = Vec::new();
    for shift in 60..100 {
        let mut changed = bytes.clone();
        changed[at + shift] ^= 0x10;
        match Channel::new("npz", &[("a", &changed)]).read_all("{}") {
            Ok(read) => assert_eq!(values(&read.features), features(), "{shift}"),
            Err(error) => told.push(algohost_failure::Failure::of(&error)),
        }
    }
    assert!(
        told.len() > 20
            && told.iter().all(|failure| failure.code == Code::InvalidInput && failure.what.starts_with("train/a: member 'X': ")),
        "{told:?}"
    );
}

#[test]
fn a_bomb_is_refused() {
    // The directory claims more than its bytes can unpack to.
    let mut bomb = fixture("deflated.npz");
    let at = bomb.windows(4).rposition(|part| part == b"PK\x01\x02").unwrap();
    bomb[at + 24..at + 28].copy_from_slice(&u32::MAX.wrapping_sub(1).to_le_bytes());
    let told = wrong_input(Channel::new("npz", &[("a", &bomb)]).open("{}"));
    assert!(told.starts_with("train/a: member 'note': ") && told.ends_with("more than 1000 times as many and 1 GB"), "{told}");
    let limited = failure(Channel::new("npz", &[("a", &archive_of_zeros())]).open("{}").unwrap().next(1));
    assert_eq!((limited.code, limited.what.as_str()), (Code::LimitExceeded, "train/a: member 'x': no memory to unpack 100000078 bytes"));
}

/// An archive whose only member unpacks to 100 MB, more than tests grant.
fn archive_of_zeros() -> Vec<u8> {
    let member = npy("|u1", "(100, 1000000)", &vec![0; 100_000_000]);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&member).unwrap();
    let packed = encoder.finish().unwrap();
    let mut file = archive(&[("x.npy", &packed)]);
    let (local, central) = (0, file.windows(4).rposition(|part| part == b"PK\x01\x02").unwrap());
    for (method, length) in [(local + 8, local + 22), (central + 10, central + 24)] {
        file[method] = 8;
        file[length..length + 4].copy_from_slice(&(member.len() as u32).to_le_bytes());
    }
    file
}

#[test]
fn broken_archives_are_read_or_told() {
    let seeds = ["named.npz", "deflated.npz", "csr.npz", "csr-labels.npz"].map(fixture);
    super::super::mutations::check("npz", &seeds.each_ref().map(Vec::as_slice));
}
