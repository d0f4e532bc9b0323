//! Serving processes, ours and others'.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A process that answers, killed when dropped.
pub(crate) struct Server {
    child: Child,
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) address: SocketAddr,
    /// Milliseconds from the start of the process to the first 200 of `/ping`.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) first_answer_ms: f64,
}

/// How often it is asked: no rarer than the quickest server starts, and of the others rarely enough to leave them the processor.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Server {
    #[allow(dead_code, reason = "not every benchmark has ours")]
    pub(crate) fn algohost(base: &Path, component: &Path, environment: &[(&str, &str)]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_algohost"));
        command.env_clear().arg("serve").arg("--base").arg(base).env("ALGOHOST_COMPONENT", component);
        command.env("ALGOHOST_BIND_ADDRESS", "127.0.0.1").envs(environment.iter().copied());
        Server::at_free_port(command, |command, port| {
            command.env("SAGEMAKER_BIND_TO_PORT", port);
        })
    }

    /// Starts a command that is told a free port, and waits until its `/ping` answers 200.
    pub(crate) fn at_free_port(mut command: Command, tell: impl FnOnce(&mut Command, String)) -> Server {
        let address = free_address();
        tell(&mut command, address.port().to_string());
        Server::at(address, command)
    }

    /// Starts a command that knows its address already, and waits likewise.
    pub(crate) fn at(address: SocketAddr, mut command: Command) -> Server {
        let begun = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Server { child, address, first_answer_ms: 0.0 };
        let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
        // What it says must not fill the pipe.
        std::thread::spawn(move || lines.by_ref().map_while(Result::ok).for_each(drop));
        while !answers(address) {
            assert!(begun.elapsed() < PATIENCE && server.child.try_wait().unwrap().is_none(), "the server does not answer");
            std::thread::sleep((begun.elapsed() / 50).clamp(FIRST_PAUSE, LONGEST_PAUSE));
        }
        server.first_answer_ms = begun.elapsed().as_secs_f64() * 1e3;
        server
    }

    /// Resident memory of the process.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Resident memory of the process and all below it; what several share counts once.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) fn resident_bytes_together(&self) -> u64 {
        let stat = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        // The name before the state may have anything in it.
        let parent = |pid: u32| stat(pid)?.rsplit(") ").next()?.split(' ').nth(1)?.parse::<u32>().ok();
        let all: Vec<u32> =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = family.get(next) {
            family.extend(all.iter().filter(|&&other| parent(other) == Some(pid)));
            next += 1;
        }
        let share = |pid: &u32| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            text.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().trim_end_matches(" kB").parse::<u64>().ok()
        };
        family.iter().filter_map(share).sum::<u64>() * 1024
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        // Python's servers end their workers when they are asked to end, not when they are killed. What has a pipe as its input ends with it.
        if self.child.stdin.take().is_none() {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        }
        let asked = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && asked.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(address: SocketAddr) -> bool {
    // Not every server closes the connection where it is asked to: the status line must do.
    let mut status = [0; 12];
    send(address, "GET", "/ping", b"").is_some_and(|mut stream| stream.read_exact(&mut status).is_ok()) && &status == b"HTTP/1.1 200"
}

/// A connection on which a request was sent; none when the server does not take it.
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: text/csv\r\naccept: text/csv\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    Some(stream)
}
