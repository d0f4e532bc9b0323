//! The engine, with a store of its own for each test.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::support::{Outcome, Reply, exchange};

/// How an operator who trusts nobody runs a container: nothing can be written but `/opt/ml`, no rights, no network, little memory, and no `/tmp`.
#[rustfmt::skip]
pub(crate) const HARDENED: [&str; 14] = [
    "--read-only", "--read-only-tmpfs=false", "--user", "1000:1000", "--cap-drop", "all", "--security-opt", "no-new-privileges",
    "--memory", "128m", "--memory-swap", "128m", "--pids-limit", "64",
];

/// As every container here: no network, whoever runs it, and limits that this machine can give.
#[rustfmt::skip]
const USUAL: [&str; 6] = ["--network", "none", "--ulimit", "nofile=4096:20000", "--ulimit", "nproc=4096:4096"];

const PATIENCE: Duration = Duration::from_secs(60);

/// `podman` with `runc`.
pub(crate) struct Engine {
    store: tempfile::TempDir,
}

impl Engine {
    /// None where it is not installed and not required.
    pub(crate) fn find() -> Option<Engine> {
        let missing: Vec<&str> = ["podman", "runc", "skopeo", "buildah"].into_iter().filter(|tool| !is_there(tool)).collect();
        if missing.is_empty() {
            return Some(Engine { store: tempfile::tempdir().unwrap() });
        }
        let what = format!("{} is not installed: nothing is run in a container", missing.join(", "));
        assert!(std::env::var_os("ALGOHOST_CONTAINERS").is_none_or(|value| value != "required"), "{what}");
        println!("{what}");
        None
    }

    pub(crate) fn podman<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("podman");
        self.stores(&mut command);
        command.args(["--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "file"]).args(words);
        command
    }

    pub(crate) fn buildah<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("buildah");
        self.stores(&mut command);
        command.args(words);
        command
    }

    /// Plain copies of layers: an overlay does not lie on every file system.
    fn stores(&self, command: &mut Command) {
        let at = |name: &str| self.store.path().join(name);
        command.arg("--root").arg(at("root")).arg("--runroot").arg(at("run")).args(["--storage-driver", "vfs"]);
    }

    pub(crate) fn load(&self, archive: &Path) {
        Outcome::of(self.podman(["load", "-i", archive.to_str().unwrap()])).expect_status(0);
    }

    /// Runs a container to its end.
    pub(crate) fn run(&self, options: &[&str], image: &str, words: &[&str]) -> Outcome {
        let all = ["run", "--rm"].into_iter().chain(USUAL).chain(options.iter().copied()).chain([image]).chain(words.iter().copied());
        Outcome::of(self.podman(all))
    }

    /// Starts a container that goes on.
    pub(crate) fn start(&self, options: &[&str], image: &str, words: &[&str]) -> Container<'_> {
        let all = ["run", "--detach"].into_iter().chain(USUAL).chain(options.iter().copied()).chain([image]).chain(words.iter().copied());
        let id = Outcome::of(self.podman(all)).expect_status(0).stdout.trim().to_owned();
        let pid = Outcome::of(self.podman(["inspect", "--format", "{{.State.Pid}}", &id])).expect_status(0).stdout.trim().parse().unwrap();
        Container { engine: self, id, pid }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.podman(["rm", "--all", "--force", "--time", "0"]).output();
        let _ = self.podman(["rmi", "--all", "--force"]).output();
    }
}

/// One that was started.
pub(crate) struct Container<'a> {
    engine: &'a Engine,
    id: String,
    pid: i32,
}

impl Container<'_> {
    /// A request to the server in it, from within its network. None while nobody listens.
    pub(crate) fn ask(&self, request: &[u8]) -> Option<Reply> {
        let network = std::fs::File::open(format!("/proc/{}/ns/net", self.pid)).ok()?;
        let request = request.to_vec();
        // Where a thread has gone, its connections stay; the thread is over then.
        let asked = std::thread::spawn(move || {
            move_into_link_name_space(std::os::fd::AsFd::as_fd(&network), Some(LinkNameSpaceType::Network)).unwrap();
            let address = ([127, 0, 0, 1], 8080).into();
            std::net::TcpStream::connect(address).ok().map(|_| exchange(address, &request))
        });
        asked.join().unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Option<Reply> {
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes())
    }

    /// Waits until `/ping` answers 200.
    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        let begun = Instant::now();
        while self.get("/ping").is_none_or(|reply| reply.status != 200) {
            assert!(begun.elapsed() < PATIENCE, "not ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a line of the log that contains `text`.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no '{text}' in\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The files that its process has mapped.
    pub(crate) fn maps(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/maps", self.pid)).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        let outcome = Outcome::of(self.engine.podman(["logs", &self.id]));
        outcome.stdout + &outcome.stderr
    }

    /// Stops it as the platform does: SIGTERM, and SIGKILL after `grace` seconds. The exit status, and how long it took.
    #[track_caller]
    pub(crate) fn stop(self, grace: u32) -> (i32, Duration) {
        let begun = Instant::now();
        Outcome::of(self.engine.podman(["stop", "--time", &grace.to_string(), &self.id])).expect_status(0);
        let elapsed = begun.elapsed();
        let status = Outcome::of(self.engine.podman(["inspect", "--format", "{{.State.ExitCode}}", &self.id])).expect_status(0).stdout;
        (status.trim().parse().unwrap(), elapsed)
    }
}

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}
