//! The house keeps its shape: which room may know which, what stands where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Which rooms of `host/` each room may use; `failure` and `data` are packages, which the compiler watches. Equality both ways: a line that is no longer needed is an error too.
const DOORS: [(&str, &[&str]); 14] = [
    ("failure", &[]),
    ("telemetry", &[]),
    ("process", &[]),
    ("memory", &[]),
    ("contract", &["failure", "telemetry"]),
    ("data", &[]),
    ("wasm", &["failure", "telemetry", "data"]),
    ("report", &["failure", "telemetry", "contract", "data", "wasm"]),
    ("train", &["failure", "telemetry", "contract", "data", "process", "report", "wasm"]),
    ("serve", &["failure", "telemetry", "contract", "data", "process", "wasm"]),
    ("authoring", &["failure"]),
    ("bench", &["failure"]),
    ("image", &["failure"]),
    ("cli", &["authoring", "bench", "failure", "image", "contract", "data", "process", "train", "serve", "wasm"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn room_files(room: &str) -> Vec<PathBuf> {
    let host = repository().join("host");
    let mut files: Vec<PathBuf> = [host.join(format!("{room}.rs"))].into_iter().filter(|path| path.is_file()).collect();
    if host.join(room).is_dir() {
        files.extend(rust_files(&host.join(room)));
    }
    files
}

/// Code without comments, so that prose about another room is no use of it. Tests may know everybody.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn rooms_use_only_the_rooms_they_have_doors_to() {
    for (room, doors) in DOORS {
        let mut used = BTreeSet::new();
        for file in room_files(room).iter().filter(|file| !file.ends_with("tests.rs")) {
            for rest in code(file).split("crate::").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != room && DOORS.iter().any(|(known, _)| *known == name) {
                    used.insert(name);
                }
            }
        }
        let doors: BTreeSet<String> = doors.iter().map(|door| (*door).to_owned()).collect();
        assert_eq!(used, doors, "the doors of {room}: left is what its code uses");
    }
}

#[test]
fn every_room_has_a_line_in_the_door_table() {
    let lib = std::fs::read_to_string(repository().join("host/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| {
        line.trim_start_matches("pub ").strip_prefix("mod ").or_else(|| line.strip_prefix("pub use algohost_")?.split(' ').next())
    });
    let rooms: BTreeSet<&str> = declared.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(rooms, DOORS.iter().map(|(room, _)| *room).collect());
}

#[test]
fn no_file_of_code_is_longer_than_400_lines() {
    let mut files = rust_files(&repository().join("host"));
    files.extend(rust_files(&repository().join("tests")));
    files.extend(rust_files(&repository().join("guest-examples")));
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 400)
        .map(|(path, lines)| format!("{}: {lines}", path.display()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_sandbox_knows_neither_the_platform_nor_http() {
    for file in room_files("wasm") {
        let code = code(&file).to_lowercase();
        for word in ["sagemaker", "/opt/ml", "axum", "http"] {
            assert!(!code.contains(word), "{} contains {word}", file.display());
        }
    }
    assert!(!code(&repository().join("host/serve/instances.rs")).contains("axum"));
}

#[test]
fn unsafe_code_stands_only_where_the_architecture_says() {
    let allowed = std::fs::read_to_string(repository().join("host/ARCHITECTURE.md")).unwrap();
    for file in rust_files(&repository().join("host")) {
        if code(&file).contains("unsafe {") {
            let name = file.strip_prefix(repository()).unwrap().display().to_string();
            assert!(allowed.contains(&format!("`{name}`")), "{name} has unsafe code that host/ARCHITECTURE.md does not list");
        }
    }
}

#[test]
fn no_readme_of_an_example_is_longer_than_40_lines() {
    for entry in std::fs::read_dir(repository().join("guest-examples")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").is_file() {
            let lines = std::fs::read_to_string(folder.join("README.md")).unwrap().lines().count();
            assert!(lines <= 40, "{}: {lines} lines", folder.join("README.md").display());
        }
    }
}
