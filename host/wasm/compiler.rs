//! From a component to native code, for this machine's processor or for every one of a level.
//!
//! A level is one of the psABI's, or as much of it as the compiler makes use of. Code of a lower level runs on every processor of a higher one.

use std::path::Path;

use anyhow::{Context as _, Result};
use wasmtime::{Config, Engine};

use super::engine::read;
use super::precompiled::require_pin;

/// Which processors native code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    name: &'static str,
    /// The triple and the compiler's name of the level; none for this machine's own.
    level: Option<(&'static str, &'static str)>,
}

#[cfg(target_arch = "x86_64")]
const LEVELS: [Processor; 5] = [
    Processor::NATIVE,
    Processor { name: "x86-64", level: Some((X86_64, "x86-64")) },
    Processor { name: "x86-64-v2", level: Some((X86_64, "nehalem")) },
    Processor { name: "x86-64-v3", level: Some((X86_64, "haswell")) },
    Processor { name: "x86-64-v4", level: Some((X86_64, "skylake-avx512")) },
];
#[cfg(target_arch = "x86_64")]
const X86_64: &str = "x86_64-unknown-linux-gnu";

#[cfg(not(target_arch = "x86_64"))]
const LEVELS: [Processor; 1] = [Processor::NATIVE];

impl Processor {
    /// This machine's.
    pub const NATIVE: Processor = Processor { name: "native", level: None };

    /// What images are compiled for when nothing else is said: on x86-64, every processor since 2009; elsewhere this machine's.
    pub fn usual_of_images() -> Processor {
        Processor::named("x86-64-v2").unwrap_or(Processor::NATIVE)
    }

    /// The processors of that name, or the names there are.
    ///
    /// # Errors
    /// The names there are.
    pub fn named(name: &str) -> Result<Processor, String> {
        let known = LEVELS.iter().find(|level| level.name == name).copied();
        known.ok_or_else(|| LEVELS.map(|level| level.name).join(", "))
    }

    /// `native`, or the level's name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// An engine that compiles for these processors, and runs nothing.
    pub(super) fn engine(self, mut config: Config) -> Result<Engine> {
        if let Some((triple, level)) = self.level {
            config.target(triple).map_err(anyhow::Error::from).context("the compiler does not know this machine")?;
            level_flag(&mut config, level);
        }
        Engine::new(&config).map_err(anyhow::Error::from).with_context(|| format!("the compiler does not start for {}", self.name))
    }
}

#[expect(unsafe_code, reason = "the compiler's flags can be set to what makes wrong code; levels of processors cannot")]
fn level_flag(config: &mut Config, level: &str) {
    // SAFETY: the flag names a level of x86 processors. It adds instructions, which a host checks for before it runs the code, and leaves
    // alone what that code does.
    unsafe { config.cranelift_flag_enable(level) };
}

/// What this program's own compiler made, or a `.cwasm` that the operator vouches for; nothing else is.
pub struct Compiled(Vec<u8>);

impl Compiled {
    /// Reads a `.cwasm` that the operator named.
    ///
    /// # Errors
    /// Denied when a digest is pinned and the file has another; not found or io.
    pub fn read(path: &Path, pin: Option<&str>) -> Result<Compiled> {
        let bytes = read(path)?;
        require_pin(&path.display().to_string(), &bytes, pin)?;
        Ok(Compiled(bytes))
    }

    pub(super) fn new(engine: &Engine, component: &[u8]) -> wasmtime::Result<Compiled> {
        engine.precompile_component(component).map(Compiled)
    }

    /// What a `.cwasm` file has in it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
