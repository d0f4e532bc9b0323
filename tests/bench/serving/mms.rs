//! The peer that AWS's own containers serve with: multi-model-server, a front end in Java with workers in Python.
//!
//! `tests/bench/peers/serving_mms` is its model: an unpacked folder, which it takes like an archive of `model-archiver`. Settings that matter
//! for speed are its own, but that it does not log each request. It works as it comes with Python 3.11 and Java 17.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::guests::repository;
use crate::server::Server;

/// Starts what follows, and ends the whole group of processes when its own input ends. The command that starts the server would leave Java
/// behind, and Java its workers; and this way nobody is left when the benchmark is interrupted, either.
const TOGETHER: &str = r#""$@" </dev/null & cat >/dev/null; kill -KILL 0"#;

/// The server finds Java in the same way.
pub(crate) fn has_java() -> bool {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    let java = home.map_or_else(|| PathBuf::from("java"), |home| PathBuf::from(home).join("bin/java"));
    let found = Command::new(java).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// The server, and the folder of its sockets and pipes, which lives as long.
pub(crate) fn start() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let peers = repository().join("tests/bench/peers");
    let model = peers.join("serving_mms");
    let mut mms = Command::new("sh");
    mms.args(["-c", TOGETHER, "sh"]).arg(crate::peers::peer_of("serving", "", 1).get_program());
    mms.args(["-m", "mms.model_server", "--foreground", "--mms-config"]).arg(model.join("config.properties"));
    mms.arg("--log-config").arg(model.join("log4j2.xml")).arg("--model-store").arg(peers).args(["--models", "serving_mms"]);
    // Else the file with its process id is everybody's: it starts once a machine.
    mms.env("TMPDIR", folder.path()).env("TEMP", folder.path()).env("PEER_PORT", address.port().to_string());
    mms.stdin(Stdio::piped()).process_group(0);
    (folder, Server::at(address, mms))
}

/// It refuses ports from 32,767 on, which are those that the system gives away.
fn free_address() -> SocketAddr {
    let mut addresses = (20_000..32_767).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a free port below 32,767")
}
