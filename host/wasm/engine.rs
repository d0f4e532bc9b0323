//! One engine per process: its configuration, the linker with every import, and the way from a file to a compiled component.

use std::path::Path;
use std::sync::Arc;

use algohost_kernels::Pool;
use anyhow::{Context as _, Result};
use sha2::{Digest, Sha256};
#[cfg(feature = "compiler")]
use wasmtime::OptLevel;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Precompiled, WasmBacktraceDetails};

use super::algorithm::Algorithm;
#[cfg(feature = "compiler")]
use super::compiler::{Compiled, Processor};
use super::component_check::Import;
use super::guest::Guest;
use super::imports;
use super::precompiled;
use super::watchdog::Watchdog;
use crate::failure::{Code, Failure};

/// Deepest stack of wasm frames. Threads that run guests have [`Host::THREAD_STACK_BYTES`], so that host calls fit on top.
const WASM_STACK_BYTES: usize = 4 << 20;

/// Where a component comes from, which decides whether native code in it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The operator named this very file.
    Named,
    /// It was found in a place where others can put files.
    Found,
}

impl Origin {
    /// Of a file that the operator named, or else of one that was found.
    pub fn new(named_by_operator: bool) -> Origin {
        if named_by_operator { Origin::Named } else { Origin::Found }
    }
}

/// What a component file is and wants.
pub struct Examination {
    /// Hexadecimal digest of the file.
    pub sha256: String,
    /// Size of the file.
    pub file_bytes: usize,
    /// Size of its native code.
    pub code_bytes: usize,
    /// Whether it is a `.cwasm`.
    pub precompiled: bool,
    /// Everything it imports.
    pub imports: Vec<Import>,
    /// Full names of what it exports.
    pub exports: Vec<String>,
    /// The component linked, or why this host does not link it.
    pub algorithm: Result<Algorithm>,
}

/// The part of the sandbox that lives as long as the process.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
    /// Some hundred names; every instance's recipe has a host of its own.
    linker: Arc<Linker<Guest>>,
    pool: Pool,
    watchdog: Watchdog,
}

impl Host {
    /// Stack of a thread that calls guests.
    pub const THREAD_STACK_BYTES: usize = 8 << 20;

    /// A host whose kernels run on `threads` threads (0: one per processor).
    ///
    /// # Errors
    /// When this machine cannot run compiled wasm or start threads.
    pub fn new(threads: usize) -> Result<Host> {
        let engine = Engine::new(&config()).map_err(anyhow::Error::from).context("the wasm engine does not start")?;
        let linker = Arc::new(imports::linker(&engine)?);
        let pool = Pool::with_stacks(threads, Self::THREAD_STACK_BYTES).context("the kernel threads do not start")?;
        let watchdog = Watchdog::start(engine.clone()).context("the watchdog thread does not start")?;
        Ok(Host { engine, linker, pool, watchdog })
    }

    /// The threads of kernels, which have stack enough for a guest.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn linker(&self) -> &Linker<Guest> {
        &self.linker
    }

    pub(super) fn watchdog(&self) -> &Watchdog {
        &self.watchdog
    }

    /// Loads a component: compiles `.wasm`, maps `.cwasm`.
    ///
    /// `pin` is the hexadecimal sha256 that the file must have. Precompiled files are native code, so they are refused unless the operator
    /// named or pinned them.
    ///
    /// # Errors
    /// [`Code::BadComponent`] when the file is not a component that this host can run; [`Code::Denied`] when its digest is another or it is
    /// precompiled and not trusted; [`Code::NotFound`] or [`Code::Io`] when it cannot be read.
    pub fn load(&self, path: &Path, origin: Origin, pin: Option<&str>) -> Result<Algorithm> {
        Algorithm::link(self, &path.display().to_string(), &self.component(path, origin, pin)?)
    }

    /// Loads what is compiled already, from memory.
    ///
    /// # Errors
    /// As [`Host::load`].
    #[cfg(feature = "compiler")]
    pub fn load_compiled(&self, name: &str, code: &Compiled) -> Result<Algorithm> {
        Algorithm::link(self, name, &precompiled::load_compiled(&self.engine, name, code)?)
    }

    /// What a component is, also one that this host would not link. The operator named it.
    ///
    /// # Errors
    /// As [`Host::load`], but not for refused imports.
    pub fn examine(&self, path: &Path, pin: Option<&str>) -> Result<Examination> {
        let component = self.component(path, Origin::Named, pin)?;
        let ty = component.component_type();
        let file = read(path)?;
        Ok(Examination {
            sha256: sha256(&file),
            file_bytes: file.len(),
            code_bytes: component.text().len(),
            precompiled: is_precompiled(path)?,
            imports: ty.imports(&self.engine).map(|(name, _)| Import::check(name)).collect(),
            exports: ty.exports(&self.engine).map(|(name, _)| name.to_owned()).collect(),
            algorithm: Algorithm::link(self, &path.display().to_string(), &component),
        })
    }

    fn component(&self, path: &Path, origin: Origin, pin: Option<&str>) -> Result<Component> {
        let name = path.display().to_string();
        if is_precompiled(path)? {
            return precompiled::load(&self.engine, path, &name, origin, pin);
        }
        let bytes = read(path)?;
        precompiled::require_pin(&name, &bytes, pin)?;
        require_component(&name, &bytes)?;
        self.compile_here(&name, &bytes)
    }

    #[cfg(feature = "compiler")]
    fn compile_here(&self, name: &str, bytes: &[u8]) -> Result<Component> {
        Ok(Component::new(&self.engine, bytes).map_err(|error| invalid(name, &error))?)
    }

    #[cfg(not(feature = "compiler"))]
    #[expect(clippy::unused_self, reason = "the other build uses it")]
    fn compile_here(&self, name: &str, _: &[u8]) -> Result<Component> {
        Err(Failure::new(Code::NotSupported, format!("{name} is not compiled, and this build of algohost has no compiler"))
            .help("Make a .cwasm of it with `algohost compile` of the full build, of the same version")
            .into())
    }

    /// Compiles a component to native code for some processors.
    ///
    /// # Errors
    /// As [`Host::load`].
    #[cfg(feature = "compiler")]
    pub fn compile(path: &Path, processor: Processor) -> Result<Compiled> {
        let name = path.display().to_string();
        let bytes = read(path)?;
        if Engine::detect_precompiled(&bytes).is_some() {
            return Err(Failure::user(format!("{name} is compiled already")).help("Give the .wasm component it was made of").into());
        }
        require_component(&name, &bytes)?;
        Ok(Compiled::new(&processor.engine(config())?, &bytes).map_err(|error| invalid(&name, &error))?)
    }
}

/// The hexadecimal sha256 of a file's bytes.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The configuration that every build shares, so that a `.cwasm` of one is accepted by another.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(Host::THREAD_STACK_BYTES)
        // Backtraces with file:line, where a component brings debug information.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_memory64(false)
        // Where a component passes texts between components inside of it, the engine itself makes modules of two memories. QuickJS's do.
        .wasm_multi_memory(true)
        // Slows every call across the boundary; another crate could switch the cargo feature on behind our back.
        .concurrency_support(false);
    #[cfg(feature = "compiler")]
    config.cranelift_opt_level(OptLevel::Speed);
    config
}

#[cfg(feature = "compiler")]
fn invalid(name: &str, error: &wasmtime::Error) -> Failure {
    Failure::new(Code::BadComponent, format!("{name} is no valid component: {}", last_cause(error)))
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| unreadable(path, &error).into())
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let name = path.display();
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::new(Code::NotFound, format!("there is no component at {name}"));
    }
    Failure::new(Code::Io, format!("the component {name} cannot be read: {error}"))
}

/// Whether a file is a `.cwasm`.
///
/// # Errors
/// Not found or io when it cannot be read; invalid input for a folder.
pub fn is_precompiled(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Failure::user(format!("{} is a folder, not a component", path.display())).into()),
        Ok(_) => Ok(Engine::detect_precompiled_file(path).ok().flatten() == Some(Precompiled::Component)),
        Err(error) => Err(unreadable(path, &error).into()),
    }
}

/// Tells apart, by the first eight bytes, what people hand in by mistake.
fn require_component(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let refuse = |what: String, help: &str| Err(Failure::new(Code::BadComponent, what).help(help));
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => refuse(
            format!("{name} is a core WebAssembly module, not a component"),
            "Rust: build for wasm32-wasip2; other languages: `wasm-tools component new`",
        ),
        Some([0, b'a', b's', b'm', ..]) => refuse(
            format!("{name} is of a WebAssembly version that this host does not know"),
            "Build it as a component of the present binary format",
        ),
        _ => refuse(format!("{name} is not a WebAssembly component"), "A component begins with the bytes 00 61 73 6d 0d 00 01 00"),
    }
}

pub(super) fn last_cause(error: &wasmtime::Error) -> String {
    crate::telemetry::one_line(&format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_has_no_concurrency_support() {
        let engine = Engine::new(&config()).unwrap();
        assert!(!engine.get_concurrency_support(), "every host call would become several times slower");
    }
}
