//! A world as code of a language whose own tools do not make it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wit_bindgen_core::{Files, WorldGenerator};

use super::interface;

/// Languages that bindings are made for. Rust, Python and JavaScript have tools that read the interface themselves; Zig reads C's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bindings {
    /// A header, its implementation, and an object file that tells what the component is.
    C,
    /// The same, for C++20 and later.
    Cpp,
    /// A package for each interface, and the one that the compiler begins with.
    Go,
}

impl Bindings {
    /// The names on the command line.
    pub const NAMES: [(&str, Bindings); 3] = [("c", Bindings::C), ("cpp", Bindings::Cpp), ("go", Bindings::Go)];

    fn generator(self) -> Box<dyn WorldGenerator> {
        match self {
            Bindings::C => wit_bindgen_c::Opts::default().build(),
            Bindings::Cpp => wit_bindgen_cpp::Opts::default().build(None),
            Bindings::Go => wit_bindgen_go::Opts::default().build(),
        }
    }
}

/// Writes a world's bindings into a folder, which is made if it is not there; gives the files. `wit` is a folder with an author's own interface
/// in place of this program's.
///
/// # Errors
/// Not found for a world that is not there, invalid input for a broken interface, io.
pub fn generate(language: Bindings, world: &str, wit: Option<&Path>, folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut resolve, world) = interface::world(wit, world)?;
    let mut files = Files::default();
    language.generator().generate(&mut resolve, world, &mut files).context("bindings cannot be made")?;
    files.iter().map(|(name, bytes)| written(&folder.join(name), bytes)).collect()
}

fn written(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let cannot = || format!("{} cannot be written", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(path)).with_context(cannot)?;
    std::fs::write(path, bytes).with_context(cannot)?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_bindings_of_every_kind_of_algorithm() {
        let folder = tempfile::tempdir().unwrap();
        for (name, language) in Bindings::NAMES {
            for world in ["algorithm", "streaming-handler"] {
                let files = generate(language, world, None, &folder.path().join(name).join(world)).unwrap();
                assert!(files.iter().all(|file| std::fs::metadata(file).unwrap().len() > 0 || file.ends_with("empty.s")), "{name} {world}");
                assert!(files.len() > 2, "{name} {world}");
            }
        }
    }
}
