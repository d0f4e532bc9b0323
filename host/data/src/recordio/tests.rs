use algohost_kernels::DType;

use super::super::testing::{Channel, context, failure, values, varint, wrong_input};
use super::super::{IndexBase, Options, Reader};

const TYPE: &str = "application/x-recordio-protobuf";

/// A field of bytes.
fn field(number: u64, content: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn packed(number: u64, numbers: &[u64]) -> Vec<u8> {
    field(number, &numbers.iter().flat_map(|&number| varint(number)).collect::<Vec<_>>())
}

fn float32(values: &[f32]) -> Vec<u8> {
    field(1, bytemuck::cast_slice(values))
}

fn entry(map: u64, key: &str, value: &[u8]) -> Vec<u8> {
    field(map, &[field(1, key.as_bytes()), field(2, value)].concat())
}

fn dense(features: &[f32], label: &[f32]) -> Vec<u8> {
    [entry(1, "values", &field(2, &float32(features))), entry(2, "values", &field(2, &float32(label)))].concat()
}

fn sparse(keys: &[u64], elements: &[f32], width: u64, label: f32) -> Vec<u8> {
    let tensor = [float32(elements), packed(2, keys), packed(3, &[width])].concat();
    [entry(1, "values", &field(2, &tensor)), entry(2, "values", &field(2, &float32(&[label])))].concat()
}

fn frame_with(flag: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = 0xCED7_230A_u32.to_le_bytes().to_vec();
    bytes.extend((flag << 29 | payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn file(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|record| frame_with(0, record)).collect()
}

fn read(records: &[Vec<u8>], options: &str) -> anyhow::Result<super::super::Batch> {
    Channel::new(TYPE, &[("a.pbr", &file(records))]).read_all(options)
}

#[test]
fn dense_records_become_rows_with_as_many_labels_as_the_first() {
    let batch = read(&[dense(&[1.0, 2.0], &[7.0, 8.0]), dense(&[3.0, f32::NAN], &[9.0, -1.0])], "{}").unwrap();
    assert_eq!(values(&batch.labels.unwrap()), [7.0, 8.0, 9.0, -1.0]);
    let features = values(&batch.features);
    assert!(features[..3] == [1.0, 2.0, 3.0] && features[3].is_nan() && batch.weights.is_none());
    let unlabelled = entry(1, "values", &field(2, &float32(&[1.0])));
    assert!(read(&[unlabelled], "{}").unwrap().labels.is_none());
    let ignored = read(&[dense(&[1.0], &[5.0])], r#"{"label_size": 0, "dtype": "float64"}"#).unwrap();
    assert!(ignored.labels.is_none() && ignored.features.dtype() == DType::Float64);
}

#[test]
fn every_number_type_and_encoding_is_read() {
    let float64 = field(3, &field(1, bytemuck::cast_slice(&[1.5_f64, -2.0])));
    let int32 = field(7, &packed(1, &[3, (-4_i64) as u64]));
    let single = |number: f32| [vec![1 << 3 | 5], number.to_le_bytes().to_vec()].concat();
    let unpacked = field(2, &[single(5.0), single(6.0)].concat());
    let both = field(2, &[float32(&[7.0]), single(8.0)].concat());
    let int_single = field(7, &[vec![1 << 3], varint(9), vec![1 << 3], varint((-10_i32) as u32 as u64)].concat());
    let label = entry(2, "values", &field(7, &packed(1, &[1])));
    // Other maps' keys, unknown fields, an order of its own.
    let noise = [field(3, b"uid"), field(4, b"metadata"), vec![12 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    let others = entry(1, "image", &field(9, b"bytes"));
    let records: Vec<_> = [float64, int32, unpacked, both, int_single]
        .iter()
        .map(|value| [noise.clone(), label.clone(), others.clone(), entry(1, "values", value)].concat())
        .collect();
    let batch = read(&records, "{}").unwrap();
    assert_eq!(values(&batch.features), [1.5, -2.0, 3.0, -4.0, 5.0, 6.0, 7.0, 8.0, 9.0, -10.0]);
    assert_eq!(values(&batch.labels.unwrap()), [1.0; 5]);
}

#[test]
fn records_that_differ_from_the_one_before_are_not_taken_for_it() {
    let double = |features: &[f64]| entry(1, "values", &field(3, &field(1, bytemuck::cast_slice(features))));
    let label = |value: f32| entry(2, "values", &field(2, &float32(&[value])));
    let by_one = |features: &[f32]| {
        let one_by_one: Vec<u8> = features.iter().flat_map(|value| [&[1 << 3 | 5][..], &value.to_le_bytes()].concat()).collect();
        entry(1, "values", &field(2, &one_by_one))
    };
    let twice = |first: &[f32], second: &[f32]| entry(1, "values", &field(2, &[float32(first), float32(second)].concat()));
    let integer = |value: u64| entry(2, "values", &field(7, &packed(1, &[value])));
    let records = [
        dense(&[1.0, 2.0], &[3.0]),
        dense(&[4.0, 5.0], &[6.0]),
        // The same length, in another order, then the order before.
        [label(9.0), entry(1, "values", &field(2, &float32(&[7.0, 8.0])))].concat(),
        [label(12.0), entry(1, "values", &field(2, &float32(&[10.0, 11.0])))].concat(),
        dense(&[13.0, 14.0], &[15.0]),
        [double(&[16.0, 17.0]), label(18.0)].concat(),
        [double(&[19.0, 20.0]), label(21.0)].concat(),
        [by_one(&[22.0, 23.0]), label(24.0)].concat(),
        [twice(&[25.0], &[26.0]), label(27.0)].concat(),
        [twice(&[28.0], &[29.0]), label(30.0)].concat(),
        [entry(1, "values", &field(2, &float32(&[31.0, 32.0]))), integer(33)].concat(),
        [entry(1, "values", &field(2, &float32(&[34.0, 35.0]))), integer(36)].concat(),
    ];
    for (options, n_labels) in [("{}", 12), (r#"{"label_size": 0, "dtype": "float64"}"#, 0)] {
        let batch = read(&records, options).unwrap();
        let wanted = (0..12).flat_map(|row| [f64::from(3 * row + 1), f64::from(3 * row + 2)]).collect::<Vec<_>>();
        assert_eq!(values(&batch.features), wanted);
        let labels = batch.labels.map_or_else(Vec::new, |labels| values(&labels));
        assert_eq!(labels, (0..n_labels).map(|row| f64::from(3 * row + 3)).collect::<Vec<_>>());
    }
    // What is not a number must be the same byte for byte.
    let other_key = [entry(1, "valuez", &field(2, &float32(&[1.0, 2.0]))), label(3.0)].concat();
    let wanted = "train/a.pbr: record 2, at byte 52: no tensor of features under the key 'values'";
    assert_eq!(wrong_input(read(&[dense(&[1.0, 2.0], &[3.0]), other_key], "{}")), wanted);
    // Nor does one match whose numbers are joined of parts.
    let record = |value: f32| dense(&[f32::from_le_bytes(0xCED7_230A_u32.to_le_bytes()), value], &[value]);
    let at = record(1.0).windows(4).position(|bytes| bytes == 0xCED7_230A_u32.to_le_bytes()).unwrap();
    let cut = |record: &[u8]| [frame_with(1, &record[..at]), frame_with(3, &record[at + 4..])].concat();
    let channel = Channel::new(TYPE, &[("a.pbr", &[cut(&record(1.0)), cut(&record(2.0)), file(&[record(3.0)])].concat())]);
    assert_eq!(values(&channel.read_all("{}").unwrap().labels.unwrap()), [1.0, 2.0, 3.0]);
}

#[test]
fn sparse_records_stay_sparse_and_keys_are_put_in_order() {
    let records = [sparse(&[1, 3], &[2.0, 4.0], 5, 1.0), sparse(&[], &[], 5, 0.0), sparse(&[4, 0], &[9.0, 8.0], 5, 1.0)];
    let channel = Channel::new(TYPE, &[("a.pbr", &file(&records))]);
    let mut reader = channel.open("{}").unwrap();
    assert!(reader.is_sparse() && reader.columns() == 5 && reader.rows().is_none());
    let expected = [0.0, 2.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 9.0];
    assert_eq!(values(&reader.read_all().unwrap().features), expected);
    assert_eq!(reader.rows(), Some(3));
    reader.rewind();
    let batch = reader.read_all_sparse().unwrap();
    assert_eq!(batch.features.stored(), 4);
    assert_eq!(values(&batch.labels.unwrap()), [1.0, 0.0, 1.0]);
    assert_eq!(values(&batch.features.to_dense(&context(1)).unwrap()), expected);
    // A dense record among sparse ones is one with all columns.
    let mixed = [sparse(&[1], &[2.0], 2, 1.0), dense(&[3.0, 0.0], &[0.0])];
    let batch = Channel::new(TYPE, &[("a.pbr", &file(&mixed))]).open("{}").unwrap().read_all_sparse().unwrap();
    assert_eq!((batch.features.stored(), values(&batch.features.to_dense(&context(1)).unwrap())), (3, vec![0.0, 2.0, 3.0, 0.0]));
    // As XGBoost's container writes rows without values: a shape alone, here even in the first record.
    let label = entry(2, "values", &field(3, &field(1, bytemuck::cast_slice(&[1.0_f64]))));
    let integers = |tensor: &[u8]| [entry(1, "values", &field(7, tensor)), label.clone()].concat();
    let one = [packed(1, &[1]), packed(2, &[2]), packed(3, &[3])].concat();
    let batch = read(&[integers(&packed(3, &[3])), integers(&one)], "{}").unwrap();
    assert_eq!(values(&batch.features), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    // A width that only the option says.
    let shapeless = [float32(&[2.0]), packed(2, &[1])].concat();
    let shapeless = entry(1, "values", &field(2, &shapeless));
    assert_eq!(read(std::slice::from_ref(&shapeless), r#"{"columns": 3}"#).unwrap().features.shape()[..], [1, 3]);
    let told = wrong_input(read(&[shapeless], "{}"));
    assert!(told.ends_with("sparse features (with keys) have no shape, so that it is not known how wide rows are"), "{told}");
}

#[test]
fn batches_files_and_threads_give_the_same_rows() {
    let record = |row: u32| dense(&(0..50).map(|column| (row * 100 + column) as f32).collect::<Vec<_>>(), &[row as f32]);
    let all: Vec<_> = (0..6000).map(record).collect();
    let channel = Channel::new(TYPE, &[("a.pbr", &file(&all[..4000])), ("b.pbr", b""), ("c.pbr", &file(&all[4000..]))]);
    let open = |threads| Reader::open(&context(threads), &channel.source, Options::default(), &mut IndexBase::default()).unwrap();
    let (one, two) = (open(1).read_all().unwrap(), open(2).read_all().unwrap());
    assert_eq!(one.features.shape()[..], [6000, 50]);
    assert_eq!(values(&one.features), values(&two.features));
    let (mut reader, mut rows) = (open(2), Vec::new());
    while let Some(batch) = reader.next(333).unwrap() {
        assert!(batch.features.shape()[0] <= 333);
        rows.extend(values(&batch.features));
    }
    assert_eq!(rows, values(&one.features));
    reader.rewind();
    assert_eq!(values(&reader.next(1).unwrap().unwrap().labels.unwrap()), [0.0]);
    assert_eq!(values(&reader.read_all().unwrap().labels.unwrap())[..2], [1.0, 2.0]);
}

#[test]
fn parts_of_a_record_are_joined_with_the_magic_number() {
    let magic = f32::from_le_bytes(0xCED7_230A_u32.to_le_bytes());
    let record = dense(&[1.0, magic, 2.0], &[3.0]);
    let at = record.windows(4).position(|four| four == magic.to_le_bytes()).unwrap();
    // MXNet cuts only where a part is a multiple of four bytes; here padding does the same.
    let bytes = [frame_with(1, &record[..at]), frame_with(3, &record[at + 4..]), frame_with(0, &record)].concat();
    let batch = Channel::new(TYPE, &[("a.rec", &bytes)]).read_all("{}").unwrap();
    assert_eq!(values(&batch.labels.unwrap()), [3.0, 3.0]);
    assert_eq!(values(&batch.features)[..3], values(&batch.features)[3..]);
}

#[test]
fn the_last_padding_of_a_file_may_be_missing() {
    let record = [dense(&[1.0], &[2.0]), field(3, b"u")].concat();
    let (mut bytes, payload) = (file(std::slice::from_ref(&record)), record.len());
    assert_ne!(payload % 4, 0);
    bytes.truncate(8 + payload);
    assert_eq!(Channel::new(TYPE, &[("a.pbr", &bytes)]).read_all("{}").unwrap().features.shape()[..], [1, 1]);
}

#[test]
fn wrong_records_are_told_with_file_record_and_byte() {
    let good = dense(&[1.0, 2.0], &[3.0]);
    let second = frame_with(0, &good).len();
    let after = |record: &[u8]| wrong_input(read(&[good.clone(), record.to_vec()], "{}"));
    let place = format!("train/a.pbr: record 2, at byte {second}: ");
    let features = |value: &[u8]| entry(1, "values", value);
    let cases = [
        (dense(&[1.0], &[3.0]), "1 features, the first record has 2"),
        (dense(&[1.0, 2.0], &[]), "0 labels, 1 wanted"),
        (Vec::new(), "no tensor of features under the key 'values'"),
        (features(&field(9, b"x")), "features: 'values' are bytes, not a tensor of numbers"),
        (features(&field(2, &field(1, b"12345"))), "features: 5 bytes of float32 values, which have 4 bytes each"),
        (features(&field(2, &[float32(&[1.0]), packed(2, &[1, 2])].concat())), "features: 2 keys of 1 values"),
        (vec![0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "no Record message: field 1 is 4294967295 bytes long, 0 are left"),
        (vec![0x0B], "no Record message: field 1 has the unknown wire type 3"),
        (vec![0x80], "no Record message: a field's number is cut off or too long"),
        (sparse(&[7], &[1.0], 2, 0.0), "key 7 is beyond the 2 columns of a row"),
        (sparse(&[1, 1], &[1.0, 2.0], 2, 0.0), "the key 1 occurs twice"),
        (sparse(&[u64::MAX], &[1.0], 2, 0.0), "key 18446744073709551615 is beyond the 2 columns of a row"),
        (sparse(&[1], &[1.0], 3, 0.0), "3 features, the first record has 2"),
    ];
    for (record, message) in cases {
        assert_eq!(after(&record), format!("{place}{message}"));
    }
    let raw = |more: &[u8]| wrong_input(Channel::new(TYPE, &[("a.pbr", &[&frame_with(0, &good), more].concat())]).read_all("{}"));
    let whole = frame_with(0, &good);
    assert_eq!(raw(b"1,2,3"), format!("{place}no RecordIO frame: begins with the bytes 312c322c, not the magic number 0a23d7ce"));
    assert_eq!(raw(&whole[..6]), format!("{place}the file ends within a frame's header; 2 bytes are missing"));
    let told = raw(&whole[..20]);
    assert_eq!(told, format!("{place}the file ends within a frame of {} bytes; {} bytes are missing", good.len(), good.len() - 12));
    let huge = [0xCED7_230A_u32.to_le_bytes(), 0x1FFF_FFFF_u32.to_le_bytes()].concat();
    assert_eq!(raw(&huge), format!("{place}the file ends within a frame of 536870911 bytes; 536870911 bytes are missing"));
    assert_eq!(raw(&frame_with(2, b"")), format!("{place}a record begins with a later part of one (continuation flags)"));
    assert_eq!(raw(&frame_with(5, b"")), format!("{place}the frame has the continuation flag 5; 0 to 3 are known"));
    let weighted = failure(Channel::new(TYPE, &[("a.pbr", &whole)]).open(r#"{"weight": true}"#));
    assert_eq!(weighted.what, "channel 'train': RecordIO records have no weights");
}

#[test]
fn broken_records_are_read_or_told() {
    let magic = 0xCED7_230A_u32.to_le_bytes();
    let int32 = [entry(1, "values", &field(7, &packed(1, &[3, u64::MAX]))), entry(2, "values", &field(3, &[]))].concat();
    let seeds = [
        file(&[dense(&[1.0, 2.0], &[7.0]), dense(&[3.0, 4.0], &[9.0])]),
        file(&[sparse(&[1, 3], &[2.0, 4.0], 5, 1.0), sparse(&[], &[], 5, 0.0)]),
        file(&[int32]),
        [frame_with(1, &[0x1A, 4]), frame_with(3, b""), frame_with(0, &magic)].concat(),
    ];
    let read: Vec<&[u8]> = seeds[..3].iter().map(Vec::as_slice).collect();
    super::super::mutations::check(TYPE, &read);
    assert!(Channel::new(TYPE, &[("a.pbr", &seeds[3])]).read_all("{}").is_err());
}
