//! A serving process on a free port of the loopback interface.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::base::Base;
use super::guests::guest;
use super::http::{Reply, get, post};
use super::run::algohost;

/// Ended, by force if need be, when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    lines: Receiver<String>,
    log: Vec<String>,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Starts `algohost serve` and waits until it is ready.
    pub(crate) fn start(base: &Path, component: &Path, environment: &[(&str, &str)]) -> Server {
        let mut server = Server::start_loading(base, component, environment);
        server.wait_for("serve: ready");
        server
    }

    /// A server of the guest that goes wrong in the way it is asked for, and else answers rows with themselves; without a model.
    pub(crate) fn faulty(environment: &[(&str, &str)]) -> (Base, Server) {
        let base = Base::new();
        let server = Server::start(base.path(), &guest("faulty"), environment);
        (base, server)
    }

    /// A server of the guest that streams, converses and remembers as it is told; without a model.
    pub(crate) fn streams(environment: &[(&str, &str)]) -> (Base, Server) {
        let base = Base::new();
        let server = Server::start(base.path(), &guest("streams"), environment);
        (base, server)
    }

    /// Starts `algohost serve` and waits until it listens.
    pub(crate) fn start_loading(base: &Path, component: &Path, environment: &[(&str, &str)]) -> Server {
        let mut run = algohost(["serve"])
            .base(base)
            .env("ALGOHOST_COMPONENT", component)
            .env("SAGEMAKER_BIND_TO_PORT", "0")
            .env("ALGOHOST_BIND_ADDRESS", "127.0.0.1");
        for (name, value) in environment {
            run = run.env(name, value);
        }
        let mut child = run.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut server = Server { child, address: ([127, 0, 0, 1], 0).into(), lines, log: Vec::new() };
        let line = server.wait_for("listening on http://");
        let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap();
        server.address = address.parse().unwrap();
        server
    }

    /// The first log line from now on that contains `text`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no '{text}' in the log:\n{}", self.log.join("\n"));
            };
            self.log.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        get(self.address, path)
    }

    /// The value of a metric, named with its labels.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let reply = self.get("/metrics").expect_status(200);
        assert_eq!(reply.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
        let text = reply.text();
        assert!(text.ends_with("# EOF\n"), "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }

    /// Waits until so many streamed answers and conversations are under way.
    #[track_caller]
    pub(crate) fn wait_for_streams(&self, wanted: f64) {
        let begun = Instant::now();
        while self.metric("algohost_streams") != wanted {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} under way, wanted {wanted}", self.metric("algohost_streams"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `POST /invocations` with CSV.
    pub(crate) fn csv(&self, rows: &str) -> Reply {
        self.invoke(&[("content-type", "text/csv")], rows.as_bytes())
    }

    pub(crate) fn invoke(&self, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        post(self.address, "/invocations", headers, body)
    }

    /// What `/proc/PID/status` says of the process under a name: a count, or kilobytes.
    pub(crate) fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_else(|| panic!("no {name}"));
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The files that the process has mapped, and where they lie in its memory.
    pub(crate) fn maps(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap()
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the end and gives the exit status.
    pub(crate) fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server does not end:\n{}", self.log.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
