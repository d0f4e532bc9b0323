use std::os::unix::fs::symlink;

use super::super::testing::{Channel, failure, wrong_input};
use super::{list, read_range};
use algohost_failure::Code;

#[test]
fn files_come_in_the_byte_order_of_their_paths_without_hidden_ones() {
    let files: &[(&str, &[u8])] = &[
        ("b.csv", b"1"),
        ("a/z.csv", b"22"),
        ("a.csv", b""),
        (".hidden", b"1"),
        ("_SUCCESS", b""),
        ("_temporary/part", b"1"),
        ("B.csv", b"333"),
    ];
    let channel = Channel::new("", files);
    let found: Vec<_> = list(channel.path()).unwrap().into_iter().map(|file| (file.name, file.bytes)).collect();
    let expected = [("B.csv", 3), ("a.csv", 0), ("a/z.csv", 2), ("b.csv", 1)].map(|(name, bytes)| (name.to_owned(), bytes));
    assert_eq!(found, expected);
}

#[test]
fn links_are_followed_inside_of_the_channel_only() {
    let channel = Channel::new("", &[("..data/a.csv", b"1")]);
    let outside = Channel::new("", &[("secret.csv", b"1")]);
    symlink("..data/a.csv", channel.path().join("a.csv")).unwrap();
    let found = list(channel.path()).unwrap();
    assert_eq!((found.len(), found[0].name.as_str(), found[0].bytes), (1, "a.csv", 1));

    let link = channel.path().join("b.csv");
    symlink(outside.path().join("secret.csv"), &link).unwrap();
    let message = wrong_input(list(channel.path()));
    assert!(message.contains("b.csv: the link leads out of the channel, to "), "{message}");
    assert_eq!(failure(read_range(channel.path(), "b.csv", 0, 1)).code, Code::NotFound);

    std::fs::remove_file(&link).unwrap();
    symlink("nowhere", &link).unwrap();
    let message = wrong_input(list(channel.path()));
    assert!(message.ends_with("b.csv: the link leads nowhere"), "{message}");
}

#[test]
fn links_in_a_circle_are_refused() {
    let channel = Channel::new("", &[("a/1.csv", b"1"), ("b/1.csv", b"1")]);
    symlink("../b", channel.path().join("a/to-b")).unwrap();
    symlink("../a", channel.path().join("b/to-a")).unwrap();
    let message = wrong_input(list(channel.path()));
    assert!(message.ends_with(": the link leads back to a folder that it lies in"), "{message}");
}

#[test]
fn a_missing_folder_is_not_found() {
    let missing = failure(list("/nowhere/at/all".as_ref()));
    assert_eq!((missing.code, missing.what.as_str()), (Code::NotFound, "/nowhere/at/all: there is no such folder"));
}

#[test]
fn ranges_end_with_the_file() {
    let channel = Channel::new("", &[("a/b.bin", b"0123456789")]);
    let read = |offset, count| String::from_utf8(read_range(channel.path(), "a/b.bin", offset, count).unwrap()).unwrap();
    assert_eq!(read(0, 4), "0123");
    assert_eq!(read(8, 4), "89");
    assert_eq!(read(10, 4), "");
    assert_eq!(read(u64::MAX, usize::MAX), "");
}

#[test]
fn only_listed_names_are_read() {
    let channel = Channel::new("", &[("a.csv", b"1"), (".hidden", b"1"), ("_x/a.csv", b"1"), ("folder/a.csv", b"1")]);
    for name in ["", ".hidden", "_x/a.csv", "folder", "../train/a.csv", "./a.csv", "/etc/hostname", "b.csv", "a.csv/", "folder/../a.csv"] {
        let refused = failure(read_range(channel.path(), name, 0, 10));
        assert_eq!(refused.code, Code::NotFound, "{name}");
        assert!(refused.what.ends_with(&format!(": no data file '{name}'")), "{}", refused.what);
    }
}
