//! Images made by the binary, and run as the platform runs them, by a real engine and OCI runtime.
//!
//! Needs `podman`, `runc`, `skopeo` and `buildah`, and to be root. Where they are not there, these tests say so and are over, unless
//! `ALGOHOST_CONTAINERS` is `required`, as it is in `.ci/run`.

mod built_by_hand;
mod engine;
mod images;
mod serving;
mod training;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Base, algohost, guest, repository};
pub(crate) use engine::Engine;

/// The slim program, linked statically; the first call builds it.
pub(crate) fn slim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let output = Command::new("bash").arg(repository().join("host/build.sh")).arg("slim").output().expect("bash runs");
        assert!(output.status.success(), "host/build.sh slim failed:\n{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// The archive of an image of the slim program and a guest, below `folder`.
fn image(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let archive = folder.join(name).with_extension("tar");
    let program = slim().to_str().unwrap();
    let component = guest(name);
    let words = ["image", component.to_str().unwrap(), "--program", program, "-o", archive.to_str().unwrap()];
    algohost(words.iter().chain(more)).run().expect_status(0);
    archive
}

/// An engine that has such an image; none where there is no engine.
fn engine_with(name: &str, more: &[&str]) -> Option<Engine> {
    let engine = Engine::find()?;
    let folder = tempfile::tempdir().unwrap();
    engine.load(&image(folder.path(), name, more));
    Some(engine)
}

/// A mount of the base directory where the platform has it.
fn mount(base: &Base) -> String {
    format!("{}:/opt/ml", base.path().display())
}

/// A base directory with the linear learner's sample, for a container's user to write to.
fn sample() -> Base {
    let base = Base::of_sample(&repository().join("guest-examples/linear-learner-rust/samples/breast-cancer"));
    writable(&base);
    base
}

/// What the platform makes before it starts a container, owned by the user of [`engine::HARDENED`].
fn writable(base: &Base) {
    for folder in ["model", "output"] {
        std::fs::create_dir_all(base.join(folder)).unwrap();
    }
    let owned = Command::new("chown").args(["-R", "1000:1000"]).arg(base.path()).status().unwrap();
    assert!(owned.success());
}
