//! Compares what a component imports with what the host grants, before anything is linked, so that the message can say it in words.

use crate::failure::{Code, Failure};

/// The version of the package `algohost:ml` that this host provides.
pub const HOST_VERSION: &str = "0.1.0";

const OWN_PACKAGE: &str = "algohost:ml/";

/// What a build may leave out, by the feature of the same name, and whether this one has it.
pub const OPTIONAL_INTERFACES: [(&str, bool); 5] = [
    ("factorization", cfg!(feature = "factorization")),
    ("forest", cfg!(feature = "forest")),
    ("neighbors", cfg!(feature = "neighbors")),
    ("nn", cfg!(feature = "nn")),
    ("trees", cfg!(feature = "trees")),
];

#[rustfmt::skip]
const OWN_INTERFACES: [&str; 20] = [
    "types",
    "job",
    "data",
    "tensors",
    "formulas",
    "linalg",
    "losses",
    "neighbors",
    "select",
    "sparse",
    "factorization",
    "random",
    "nn",
    "forest",
    "trees",
    "artifacts",
    "checkpoints",
    "requests",
    "streams",
    "sessions",
];

/// The WASI 0.2 packages that are linked. `wasi:sockets` is inert: some C libraries import it with every file, so a component that does is
/// not suspicious, and every use of it is answered with "access denied".
const WASI_PACKAGES: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", INERT_PACKAGE];

const INERT_PACKAGE: &str = "wasi:sockets/";

/// One import of a component, and whether it is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The full name, such as `algohost:ml/tensors@0.1.0`.
    pub name: String,
    /// Why it is refused; none when it is granted.
    pub refused: Option<String>,
    /// It is linked, but every use of it is answered with an error.
    pub inert: bool,
}

impl Import {
    /// Looks the name up.
    pub fn check(name: &str) -> Import {
        Import { name: name.to_owned(), refused: refusal(name), inert: name.starts_with(INERT_PACKAGE) }
    }
}

/// The reason why an import is refused.
fn refusal(name: &str) -> Option<String> {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    if let Some(interface) = path.strip_prefix(OWN_PACKAGE) {
        return own_refusal(interface, version);
    }
    if !WASI_PACKAGES.iter().any(|package| path.starts_with(package)) {
        return Some("not granted: an algorithm gets algohost:ml and the wasi:cli, clocks, filesystem, io, random and (without a network) sockets packages".into());
    }
    if !version.starts_with("0.2.") {
        return Some(format!("built for WASI {version}, this host provides 0.2"));
    }
    None
}

fn own_refusal(interface: &str, version: &str) -> Option<String> {
    match compatibility(version) {
        Compatibility::Same => {}
        Compatibility::Newer => {
            return Some(format!("built for algohost:ml {version}, this host provides {HOST_VERSION}; use a newer host"));
        }
        Compatibility::Other => {
            return Some(format!(
                "built for algohost:ml {version}, this host provides {HOST_VERSION}; build it again with this host's wit"
            ));
        }
    }
    if !OWN_INTERFACES.contains(&interface) {
        return Some(format!("algohost:ml {HOST_VERSION} has no interface {interface}"));
    }
    (!is_built(interface)).then(|| format!("left out of this build of algohost; build it with the feature '{interface}'"))
}

/// Whether this build has an interface of `algohost:ml`.
pub(super) fn is_built(interface: &str) -> bool {
    OPTIONAL_INTERFACES.iter().all(|&(name, built)| built || name != interface)
}

enum Compatibility {
    Same,
    Newer,
    Other,
}

/// Within 0.1, a host provides every version up to its own.
fn compatibility(version: &str) -> Compatibility {
    let numbers = |text: &str| -> Option<(u64, u64, u64)> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        Some((parts.next()??, parts.next()??, parts.next()??))
    };
    match (numbers(version), numbers(HOST_VERSION)) {
        (Some(theirs), Some(ours)) if (theirs.0, theirs.1) == (ours.0, ours.1) => {
            if theirs.2 <= ours.2 {
                Compatibility::Same
            } else {
                Compatibility::Newer
            }
        }
        _ => Compatibility::Other,
    }
}

/// The version of `algohost:ml` in an export's or import's name, if it is of that package.
pub(super) fn own_version(name: &str) -> Option<&str> {
    name.strip_prefix(OWN_PACKAGE)?.split_once('@').map(|(_, version)| version)
}

/// Whether an export of this version of the package can be called.
pub(super) fn is_compatible(version: &str) -> bool {
    matches!(compatibility(version), Compatibility::Same)
}

/// The failure of a component with refused imports.
///
/// # Errors
/// Bad component, naming the first refused import, the others in the help.
pub(super) fn require_granted(component: &str, imports: &[Import]) -> Result<(), Failure> {
    let refused: Vec<String> =
        imports.iter().filter_map(|import| Some(format!("{} is {}", import.name, import.refused.as_ref()?))).collect();
    let Some(first) = refused.first() else { return Ok(()) };
    let failure = Failure::new(Code::BadComponent, format!("{component}: import {first}"));
    if refused.len() == 1 {
        return Err(failure.help("`algohost inspect` lists every import of a component and whether it is granted"));
    }
    Err(failure.help(format!("{} imports are refused:\n  {}", refused.len(), refused.join("\n  "))))
}
