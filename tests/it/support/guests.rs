//! Components to run: guests built by the users' script, and fixtures written by hand.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository's root.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The component of a guest under `guest-examples/` or `tests/guests/`; the first call builds all that are written in Rust.
pub(crate) fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let output = Command::new("bash")
            .arg(repository().join("guest-examples/build.sh"))
            .args(["--language", "rust"])
            .output()
            .expect("bash runs");
        assert!(
            output.status.success(),
            "guest-examples/build.sh failed:\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    });
    let path = target().join("guests").join(name).with_extension("wasm");
    assert!(path.is_file(), "guest-examples/build.sh made no {}", path.display());
    path
}

/// The names of all guests in Rust.
pub(crate) fn guests() -> Vec<String> {
    let folders = ["guest-examples", "tests/guests"].map(|folder| std::fs::read_dir(repository().join(folder)).unwrap());
    let guests = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").is_file());
    let mut names: Vec<String> = guests.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// `tests/fixtures/components/NAME.wat` as a binary below `folder`.
pub(crate) fn fixture(folder: &Path, name: &str) -> PathBuf {
    let source = repository().join("tests/fixtures/components").join(name).with_extension("wat");
    let bytes = wat::parse_file(&source).unwrap_or_else(|error| panic!("{error}"));
    let path = folder.join(name).with_extension("wasm");
    std::fs::write(&path, bytes).unwrap();
    path
}
