//! The interface `algohost:ml`, which this program brings along.

use std::path::Path;

use anyhow::{Context as _, Result};
use wit_parser::{PackageId, Resolve, SourceMap, WorldId};

use crate::failure::{Code, Failure};

/// The files of `wit/`; a test compares them.
#[rustfmt::skip]
const FILES: [(&str, &str); 20] = [
    ("artifacts.wit", include_str!("../../wit/artifacts.wit")),
    ("checkpoints.wit", include_str!("../../wit/checkpoints.wit")),
    ("data.wit", include_str!("../../wit/data.wit")),
    ("exports.wit", include_str!("../../wit/exports.wit")),
    ("factorization.wit", include_str!("../../wit/factorization.wit")),
    ("forest.wit", include_str!("../../wit/forest.wit")),
    ("formulas.wit", include_str!("../../wit/formulas.wit")),
    ("job.wit", include_str!("../../wit/job.wit")),
    ("linalg.wit", include_str!("../../wit/linalg.wit")),
    ("losses.wit", include_str!("../../wit/losses.wit")),
    ("neighbors.wit", include_str!("../../wit/neighbors.wit")),
    ("nn.wit", include_str!("../../wit/nn.wit")),
    ("random.wit", include_str!("../../wit/random.wit")),
    ("requests.wit", include_str!("../../wit/requests.wit")),
    ("select.wit", include_str!("../../wit/select.wit")),
    ("sparse.wit", include_str!("../../wit/sparse.wit")),
    ("tensors.wit", include_str!("../../wit/tensors.wit")),
    ("trees.wit", include_str!("../../wit/trees.wit")),
    ("types.wit", include_str!("../../wit/types.wit")),
    ("world.wit", include_str!("../../wit/world.wit")),
];

/// Writes the files into a folder, which is made if it is not there.
///
/// # Errors
/// Io.
pub fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    FILES.iter().try_for_each(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    })
}

/// A world of this interface, or of an author's own in `folder`.
///
/// # Errors
/// Invalid input for files that are no WIT, not found for a world that is not there.
pub(super) fn world(folder: Option<&Path>, name: &str) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let package = match folder {
        Some(folder) => read(&mut resolve, folder)?,
        None => ours(&mut resolve)?,
    };
    let Ok(world) = resolve.select_world(&[package], Some(name)) else {
        let known: Vec<&str> = resolve.packages[package].worlds.keys().map(String::as_str).collect();
        return Err(Failure::new(Code::NotFound, format!("there is no world '{name}'; there are: {}", known.join(", "))).into());
    };
    Ok((resolve, world))
}

fn read(resolve: &mut Resolve, folder: &Path) -> Result<PackageId> {
    let (package, _) =
        resolve.push_dir(folder).map_err(|error| Failure::user(format!("{} is no folder of WIT: {error:#}", folder.display())))?;
    Ok(package)
}

fn ours(resolve: &mut Resolve) -> Result<PackageId> {
    let mut files = SourceMap::default();
    FILES.iter().for_each(|(name, text)| files.push_str(name, *text));
    let group = files.parse().map_err(|(_, error)| anyhow::anyhow!("the interface of this build is broken: {error}"))?;
    resolve.push_group(group).context("the interface of this build is broken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_interface_is_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| name.ends_with(".wit")).collect();
        names.sort();
        assert_eq!(names, FILES.map(|(name, _)| name));
    }

    #[test]
    fn what_is_written_is_read_again_with_the_same_worlds() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        for name in
            ["algorithm", "trainer-only", "predictor-only", "raw-handler", "raw-algorithm", "streaming-handler", "conversing-handler"]
        {
            assert!(world(None, name).is_ok() && world(Some(folder.path()), name).is_ok(), "{name}");
        }
        let error = Failure::of(&world(None, "trainer").unwrap_err());
        assert!(error.code == Code::NotFound && error.what.contains("trainer-only"), "{error}");
    }
}
