//! Python servers as they are installed: what their files take, and how they are started.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mms;
use crate::peers::peer_of;
use crate::server::Server;

/// Another server.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Of everything that it needs beside the operating system: interpreter, libraries, and packages.
    pub(crate) bytes: u64,
    /// Starts it, and waits for the first 200 of `/ping`. What it needs lies in the folder.
    pub(crate) start: fn() -> (Option<tempfile::TempDir>, Server),
}

pub(crate) fn flask() -> Peer {
    Peer { name: "gunicorn, flask, numpy", bytes: python_bytes(&["gunicorn", "flask", "numpy"]), start: || (None, crate::flask::start()) }
}

/// With the Java that it is written in.
pub(crate) fn multi_model_server() -> Peer {
    let bytes = python_bytes(&["multi-model-server", "numpy"]) + java_bytes();
    let start = || {
        let (folder, server) = mms::start();
        (Some(folder), server)
    };
    Peer { name: "multi-model-server, numpy", bytes, start }
}

/// The interpreter, its library, and these packages with what they need.
fn python_bytes(packages: &[&str]) -> u64 {
    let output = peer_of("serving", "installed_size.py", 1).args(packages).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn java_bytes() -> u64 {
    let found = Command::new("sh")
        .args(["-c", "readlink -f \"${JAVA_HOME:+$JAVA_HOME/bin/java}\" || readlink -f \"$(command -v java)\""])
        .output()
        .unwrap();
    let java = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
    // `HOME/bin/java`.
    bytes_below(java.parent().and_then(Path::parent).unwrap())
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let of = |entry: std::fs::DirEntry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => bytes_below(&entry.path()),
        kind if kind.is_file() => entry.metadata().unwrap().len(),
        _ => 0,
    };
    entries.map(of).sum()
}
