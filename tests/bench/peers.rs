//! Programs of other people that do the same work: numpy, scikit-learn and the like, in an interpreter that is made when it is missing.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::guests::repository;

/// A run of one of the scripts in `tests/bench/peers`, on so many threads.
#[allow(dead_code, reason = "not every benchmark has these")]
pub(crate) fn peer(script: &str, threads: usize) -> Command {
    peer_of("", script, threads)
}

/// The same, with the packages of one of the sets in that folder.
pub(crate) fn peer_of(set: &str, script: &str, threads: usize) -> Command {
    let mut command = Command::new(python(set));
    command.arg("-u").arg(repository().join("tests/bench/peers").join(script));
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS"] {
        command.env(name, threads.to_string());
    }
    // What a machine sets for its own sake can hold OpenBLAS to an old instruction set.
    command.env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE");
    command
}

fn python(set: &str) -> PathBuf {
    let setup = repository().join("tests/bench/peers/setup.sh");
    let made = Command::new("bash").arg(setup).args(Some(set).filter(|set| !set.is_empty())).stderr(Stdio::inherit()).output().unwrap();
    assert!(made.status.success(), "the peers cannot be installed");
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}
