//! The program of an image: for which processor it is, and whether it needs anything beside itself.

use anyhow::Result;
use object::Endianness;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use crate::failure::{Code, Failure};

/// What the file's header says.
pub(super) struct Program {
    /// As image configurations name the processor's architecture.
    pub(super) architecture: &'static str,
    /// Whether it runs without a loader and libraries.
    pub(super) is_static: bool,
}

impl Program {
    /// Reads the header; `name` is for errors.
    ///
    /// # Errors
    /// Invalid input when it is no program for Linux on x86-64 or AArch64.
    pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Program> {
        let refuse = || Failure::user(format!("{name} is no program for Linux on x86-64 or AArch64"));
        let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| refuse())?;
        let endian = header.endian().map_err(|_| refuse())?;
        let architecture = match header.e_machine(endian) {
            EM_X86_64 => "amd64",
            EM_AARCH64 => "arm64",
            _ => return Err(refuse().into()),
        };
        let segments = header.program_headers(endian, bytes).map_err(|_| refuse())?;
        if segments.is_empty() {
            return Err(refuse().into());
        }
        let is_static = segments.iter().all(|segment| segment.p_type(endian) != PT_INTERP);
        Ok(Program { architecture, is_static })
    }

    /// # Errors
    /// Not supported when it needs a loader, which an image made from nothing does not have.
    pub(super) fn require_static(&self, name: &str) -> Result<(), Failure> {
        if self.is_static {
            return Ok(());
        }
        let what = format!("{name} is linked dynamically: it needs a loader and libraries, which an image made from nothing does not have");
        Err(Failure::new(Code::Usage, what)
            .help("Build a static one with `host/build.sh full` or `host/build.sh slim` and use that, or give --program FILE; or add to an image that has the libraries with --base ARCHIVE"))
    }
}
