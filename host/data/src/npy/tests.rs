use algohost_kernels::{DType, Tensor};
use proptest::prelude::*;

use super::super::testing::{Channel, context, failure, tensor, values, wrong_input};
use super::encode;
use crate::{ContentType, RowForm, decode_request};

/// A file of version 1.0 with this header and these elements.
fn npy(descr: &str, fortran: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    with_header(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"), elements)
}

fn with_header(header: &str, elements: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&(header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(elements);
    file
}

fn channel(file: &[u8]) -> Channel {
    Channel::new("application/x-npy", &[("a.npy", file)])
}

#[test]
fn every_numeric_dtype_and_byte_order_is_cast() {
    let cases: &[(&str, &[u8], [f64; 2])] = &[
        ("|b1", &[0, 7], [0.0, 1.0]),
        ("|i1", &[0xFF, 2], [-1.0, 2.0]),
        ("|u1", &[0xFF, 2], [255.0, 2.0]),
        ("<i2", &[0xFE, 0xFF, 0, 1], [-2.0, 256.0]),
        (">i2", &[0xFF, 0xFE, 1, 0], [-2.0, 256.0]),
        ("<u2", &[0xFE, 0xFF, 0, 1], [65534.0, 256.0]),
        (">u2", &[0xFF, 0xFE, 1, 0], [65534.0, 256.0]),
        ("<i4", &[0xFD, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], [-3.0, 1.0]),
        (">u4", &[0, 0, 0, 1, 0, 1, 0, 0], [1.0, 65536.0]),
        (">i8", &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFB, 0, 0, 0, 0, 0, 0, 0, 9], [-5.0, 9.0]),
        ("<u8", &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], [1.0, 4_294_967_296.0]),
        ("<f2", &[0, 0x3E, 0, 0xC0], [1.5, -2.0]),
        (">f2", &[0x3E, 0, 0xC0, 0], [1.5, -2.0]),
        ("<f4", &[0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0], [1.5, -2.0]),
        (">f4", &[0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0], [1.5, -2.0]),
        ("<f8", &[0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], [1.5, -2.0]),
        (">f8", &[0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], [1.5, -2.0]),
    ];
    for (descr, elements, wanted) in cases {
        for dtype in ["float32", "float64"] {
            let read = channel(&npy(descr, "False", "(1, 2)", elements)).read_all(&format!("{{\"dtype\": \"{dtype}\"}}")).unwrap();
            assert_eq!((values(&read.features), read.features.dtype().name()), (wanted.to_vec(), dtype), "{descr}");
        }
    }
}

#[test]
fn both_orders_and_all_versions_are_the_same_table() {
    let c = npy("|u1", "False", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let fortran = npy("|u1", "True", "(3, 2)", &[1, 3, 5, 2, 4, 6]);
    let loose = with_header("{\"shape\":(3,2),'fortran_order':False , 'descr':\"|u1\"}  \n", &[1, 2, 3, 4, 5, 6]);
    let mut version_2 = b"\x93NUMPY\x02\x00".to_vec();
    version_2.extend_from_slice(&u32::from(u16::from_le_bytes([c[8], c[9]])).to_le_bytes());
    version_2.extend_from_slice(&c[10..]);
    let mut version_3 = version_2.clone();
    version_3[6] = 3;
    for file in [c, fortran, loose, version_2, version_3] {
        let channel = channel(&file);
        let batch = channel.read_all(r#"{"label_size": 1}"#).unwrap();
        assert_eq!((values(&batch.features), values(&batch.labels.unwrap())), (vec![2.0, 4.0, 6.0], vec![1.0, 3.0, 5.0]));
        let mut reader = channel.open("{}").unwrap();
        assert_eq!((reader.rows(), reader.columns()), (Some(3), 2));
        assert_eq!(values(&reader.next(2).unwrap().unwrap().features), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(values(&reader.read_all().unwrap().features), [5.0, 6.0]);
        let request = decode_request(&context(1), &ContentType::parse("npy").unwrap(), RowForm::default(), &file).unwrap();
        assert_eq!((&request.shape()[..], values(&request)), (&[3, 2][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }
}

#[test]
fn one_axis_is_a_column_of_a_channel_and_a_row_of_a_request() {
    let file = npy("|u1", "False", "(3,)", &[1, 2, 3]);
    assert_eq!(channel(&file).read_all("{}").unwrap().features.shape()[..], [3, 1]);
    let request = decode_request(&context(1), &ContentType::parse("application/x-npy").unwrap(), RowForm::default(), &file).unwrap();
    assert_eq!(request.shape()[..], [1, 3]);
}

#[test]
fn rows_of_all_files_follow_one_another() {
    let (a, b) = (npy("|u1", "False", "(1, 2)", &[1, 2]), npy("<f4", "True", "(1, 2)", bytemuck::cast_slice(&[3_f32, 4.0])));
    let empty = npy("|u1", "False", "(0, 2)", &[]);
    let channel = Channel::new("npy", &[("a.npy", &a), ("b.npy", &empty), ("c.npy", &b)]);
    assert_eq!(values(&channel.read_all("{}").unwrap().features), [1.0, 2.0, 3.0, 4.0]);
    let ragged = npy("|u1", "False", "(1, 3)", &[1, 2, 3]);
    let channel = Channel::new("npy", &[("a.npy", &a), ("b.npy", &ragged)]);
    assert_eq!(wrong_input(channel.read_all("{}")), "train/b.npy: 3 columns, train/a.npy has 2");
}

#[test]
fn wrong_files_are_told() {
    let cases: &[(Vec<u8>, &str)] = &[
        (b"1,2\n".to_vec(), "not an NPY file: it does not begin with \\x93NUMPY"),
        (b"\x93NUMPY\x04\x00    ".to_vec(), "NPY version 4.0; 1.0, 2.0 and 3.0 are supported"),
        (b"\x93NUMPY\x01\x00".to_vec(), "the NPY header is cut off"),
        (b"\x93NUMPY\x01\x00\xff\x00{".to_vec(), "the NPY header is cut off"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(), "an NPY header of 4294967295 bytes; at most 65524 are supported"),
        (
            npy("|O", "False", "(1, 2)", &[0; 16]),
            "an array of Python objects, which can run any program when it is read; save plain numbers",
        ),
        (with_header("{'descr': [('x', '<f4')], ", &[]), "an array of records (a structured dtype); save plain numbers"),
        (npy("<U3", "False", "(1, 2)", &[0; 24]), "dtype '<U3' is not supported; save booleans, integers or floats of at most 64 bits"),
        (npy("<c8", "False", "(1, 2)", &[0; 16]), "dtype '<c8' is not supported; save booleans, integers or floats of at most 64 bits"),
        (npy("!f4", "False", "(1, 2)", &[0; 8]), "dtype '!f4' is not supported; its byte order is none of < > |"),
        (npy("|u1", "False", "(1, 2, 1)", &[0; 2]), "the array has 3 axes; 1 or 2 are wanted"),
        (npy("|u1", "False", "()", &[0]), "the array has 0 axes; 1 or 2 are wanted"),
        (npy("|u1", "False", "(2, 2)", &[0; 3]), "72 bytes long; its header, with shape (2, 2), wants 73"),
        (npy("|u1", "False", "(1, 2)", &[0; 3]), "72 bytes long; its header, with shape (1, 2), wants 71"),
        (
            npy("<f8", "False", "(4294967296, 4294967296)", &[]),
            "87 bytes long; its header, with shape (4294967296, 4294967296), wants more than can be counted",
        ),
        (npy("|u1", "False", "(-1, 2)", &[]), "the NPY header is wrong at character 52: '-1, 2), }' instead of a length"),
        (
            npy("|u1", "false", "(1, 2)", &[]),
            "the NPY header is wrong at character 35: 'false, 'shape': (1, 2), }' instead of True or False",
        ),
        (with_header("{'descr': '<f4'", &[]), "the NPY header is wrong at character 16: its end instead of '}'"),
        (with_header("{'descr': '<f4', 'x': 1}", &[]), "the NPY header has the unknown key 'x'"),
        (with_header("{'descr': '<f4', 'descr': '<f4'}", &[]), "the NPY header has the key 'descr' twice"),
        (with_header("{'descr': '<f4'}", &[]), "the NPY header lacks one of descr, fortran_order, shape"),
        (with_header("{} x", &[]), "the NPY header is wrong at character 4: 'x' instead of the end of the header"),
    ];
    for (file, message) in cases {
        assert_eq!(wrong_input(channel(file).read_all("{}")), format!("train/a.npy: {message}"));
        let request = decode_request(&context(1), &ContentType::parse("npy").unwrap(), RowForm::default(), file);
        assert_eq!(wrong_input(request), format!("request: {message}"));
    }
    let empty = npy("|u1", "False", "(0, 2)", &[]);
    assert!(wrong_input(channel(&empty).read_all("{}")).starts_with("channel 'train': no rows in the data files ("));
    let request = decode_request(&context(1), &ContentType::parse("npy").unwrap(), RowForm::default(), &empty);
    assert_eq!(wrong_input(request), "request: the array has 0 rows of 2 columns");
    let columns = channel(&npy("|u1", "False", "(1, 2)", &[1, 2])).read_all(r#"{"columns": 3}"#);
    assert_eq!(wrong_input(columns), "channel 'train': 2 columns of features, 3 are wanted");
}

#[test]
fn a_file_that_shrinks_is_told() {
    let channel = channel(&npy("<f4", "False", "(2, 2)", &[0; 16]));
    let mut reader = channel.open("{}").unwrap();
    std::fs::write(channel.path().join("a.npy"), npy("<f4", "False", "(2, 2)", &[0; 8])).unwrap();
    assert_eq!(failure(reader.read_all()).what, "train/a.npy: the file changed while it was being read");
}

#[test]
fn elements_begin_at_a_multiple_of_64() {
    for columns in [1, 12, 123_456] {
        let file = encode(&Tensor::zeros(&context(1), &[2, columns], DType::Float64).unwrap()).unwrap();
        assert_eq!((file.len() - 16 * columns) % 64, 0);
        assert_eq!(file[file.len() - 16 * columns - 1], b'\n');
    }
    let scalar = encode(&tensor(&[], &[1.0])).unwrap();
    assert!(scalar.windows(11).any(|part| part == b"'shape': ()"));
}

#[test]
fn what_numpy_lacks_is_written_as_float32() {
    let half = tensor(&[2], &[1.5, -2.0]).cast(&context(1), DType::BFloat16).unwrap();
    let file = encode(&half).unwrap();
    assert!(file.windows(5).any(|part| part == b"'<f4'"));
    assert_eq!(&file[file.len() - 8..], bytemuck::cast_slice::<f32, u8>(&[1.5, -2.0]));
}

proptest! {
    #[test]
    fn tensors_come_back(rows in 1_usize..6, columns in 1_usize..6, dtype in prop::sample::select(&DType::ALL[..]), transposed: bool, seed: u8) {
        let numbers: Vec<f32> = (0..rows * columns).map(|n| f32::from(seed) + n as f32).collect();
        let whole = tensor(&[rows, columns], &numbers).cast(&context(1), dtype).unwrap();
        let whole = if transposed { whole.transpose() } else { whole };
        let file = encode(&whole).unwrap();
        let read = channel(&file).read_all(r#"{"dtype": "float64"}"#).unwrap().features;
        prop_assert_eq!((&read.shape()[..], values(&read)), (&whole.shape()[..], values(&whole)));
    }

    #[test]
    fn no_bytes_panic(mut file in Just(npy("<f4", "True", "(2, 3)", &[0; 24])), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut: prop::sample::Index) {
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let npy = ContentType::parse("npy").unwrap();
        let _ = decode_request(&context(1), &npy, RowForm::default(), &file);
        let _ = channel(&file).read_all("{}");
        file.truncate(cut.index(file.len()));
        let _ = decode_request(&context(1), &npy, RowForm::default(), &file);
    }
}
