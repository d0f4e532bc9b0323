//! Where the repository is, and its guests as components.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The component of a guest, built if it is not.
pub(crate) fn guest(name: &str) -> PathBuf {
    let built = Command::new("bash").arg(repository().join("guest-examples/build.sh")).arg(name).stdout(Stdio::null()).status().unwrap();
    assert!(built.success(), "guest-examples/build.sh failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("guests").join(name).with_extension("wasm")
}

/// The same, compiled to native code for this machine in `folder`.
#[allow(dead_code, reason = "not every benchmark needs it")]
pub(crate) fn compiled(name: &str, folder: &Path) -> PathBuf {
    compiled_for("native", name, folder)
}

/// The same for a level of processors.
#[allow(dead_code, reason = "not every benchmark needs it")]
pub(crate) fn compiled_for(cpu: &str, name: &str, folder: &Path) -> PathBuf {
    let cwasm = folder.join(name).with_extension("cwasm");
    let mut algohost = Command::new(env!("CARGO_BIN_EXE_algohost"));
    let compiled =
        algohost.env_clear().args(["compile", "--cpu", cpu]).arg(guest(name)).arg("-o").arg(&cwasm).stdout(Stdio::null()).status().unwrap();
    assert!(compiled.success());
    cwasm
}
