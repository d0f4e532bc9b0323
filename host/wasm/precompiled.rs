//! Components that are native code already: trusted only when the operator vouches for them.

use std::path::Path;

use anyhow::Result;
use rustix::fs::{AtFlags, CWD, StatVfsMountFlags, StatxFlags, statvfs, statx};
use wasmtime::Engine;
use wasmtime::component::Component;

#[cfg(feature = "compiler")]
use super::compiler::Compiled;
use super::engine::{Origin, last_cause, read, sha256};
use crate::failure::{Code, Failure};

/// Loads a `.cwasm`. It is mapped, unless its digest is pinned and the file could change after it was compared: then what was compared is
/// copied.
///
/// # Errors
/// As [`super::Host::load`].
#[expect(unsafe_code, reason = "precompiled components are native code; this is the one place that loads them")]
pub(super) fn load(engine: &Engine, path: &Path, name: &str, origin: Origin, pin: Option<&str>) -> Result<Component> {
    let loaded = if pin.is_some() {
        let bytes = read(path)?;
        require_pin(name, &bytes, pin)?;
        if cannot_change(path) {
            // SAFETY: the operator pinned the digest of this file, which `require_pin` has just compared, and which stays as it is.
            unsafe { Component::deserialize_file(engine, path) }
        } else {
            // SAFETY: the operator pinned the digest of exactly these bytes, which `require_pin` has just compared.
            unsafe { Component::deserialize(engine, &bytes) }
        }
    } else if origin == Origin::Named {
        // SAFETY: the operator named this file, which is as much trust as the host's own binary gets.
        unsafe { Component::deserialize_file(engine, path) }
    } else {
        let what = format!("{name} is precompiled native code, and nobody vouches for it");
        return Err(Failure::new(Code::Denied, what)
            .help("Name it with --component or ALGOHOST_COMPONENT, or pin its digest with ALGOHOST_COMPONENT_SHA256")
            .into());
    };
    loaded.map_err(|error| misfit(name, &last_cause(&error)).into())
}

/// Loads what is in memory already.
///
/// # Errors
/// Bad component when this machine's processor is not one that it was compiled for.
#[cfg(feature = "compiler")]
#[expect(unsafe_code, reason = "the same")]
pub(super) fn load_compiled(engine: &Engine, name: &str, code: &Compiled) -> Result<Component> {
    // SAFETY: `Compiled` is what this program's own compiler made, or a file that the operator named, as above.
    let loaded = unsafe { Component::deserialize(engine, code.bytes()) };
    loaded.map_err(|error| misfit(name, &last_cause(&error)).into())
}

/// Whether nobody can change the file who could not change this program: they lie on the same mount, which cannot be written to, as a container's
/// root often is. What is mounted into the container may be written to from elsewhere.
fn cannot_change(path: &Path) -> bool {
    let mount = |path: &Path| {
        let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
        StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID).then_some(found.stx_mnt_id)
    };
    let beside_this_program = mount(path).is_some_and(|found| mount(Path::new("/proc/self/exe")) == Some(found));
    beside_this_program && statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// # Errors
/// Denied when a digest is pinned and these bytes have another.
pub(super) fn require_pin(name: &str, bytes: &[u8], pin: Option<&str>) -> Result<()> {
    let Some(pin) = pin else { return Ok(()) };
    let found = sha256(bytes);
    if found.eq_ignore_ascii_case(pin.trim()) {
        return Ok(());
    }
    Err(Failure::new(Code::Denied, format!("{name} is not the pinned component: its sha256 is {found}, pinned is {}", pin.trim())).into())
}

/// Why code does not fit, in words that say what to do; `cause` is the engine's.
fn misfit(name: &str, cause: &str) -> Failure {
    let bad = |what: String| Failure::new(Code::BadComponent, what);
    // `compilation setting "has_avx2" is enabled, but not available on the host`
    if let Some(feature) = cause.split("\"has_").nth(1).and_then(|rest| rest.split('"').next()) {
        return bad(format!("{name} was compiled for processors with {}, which this machine's lacks", feature.to_uppercase())).help(
            "Compile it for a lower level, `algohost compile --cpu x86-64-v2` for example, which runs on this machine and on newer ones",
        );
    }
    if let Some(architecture) = cause.split("compiled for architecture '").nth(1).and_then(|rest| rest.split('\'').next()) {
        return bad(format!("{name} was compiled for {architecture}, this machine is {}", std::env::consts::ARCH))
            .help("Compile it on a machine of this kind with `algohost compile`");
    }
    bad(format!("{name} does not fit this host: {cause}"))
        .help("It was compiled by another version of the host; make it anew with `algohost compile` of this one's version")
}
