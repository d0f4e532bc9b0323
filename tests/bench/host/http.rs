//! Requests a second through a warm guest against axum alone, interleaved.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::load::{self, Measured};
use crate::{algohost, compiled, echo, median};

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_000);

/// A serving process, killed when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Serving {
    /// Waits for the line that says where it listens.
    fn new(mut child: Child, lines: impl Read + Send + 'static) -> Serving {
        let mut lines = BufReader::new(lines).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains("listening on http://")).expect("the server listens");
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse();
        let address = address.unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("no address in: {line}")
        });
        Serving { child, address }
    }

    fn echo() -> Serving {
        let mut child = Command::new(std::env::current_exe().unwrap()).arg(echo::CHILD).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        Serving::new(child, stdout)
    }

    pub(crate) fn algohost(base: &Path, component: &Path) -> Serving {
        let mut child = algohost()
            .arg("serve")
            .arg("--base")
            .arg(base)
            .env("ALGOHOST_COMPONENT", component)
            .env("SAGEMAKER_BIND_TO_PORT", "0")
            .env("ALGOHOST_BIND_ADDRESS", "127.0.0.1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let serving = Serving::new(child, stderr);
        crate::start::wait_until_ready(serving.address);
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Serving::algohost(folder.path(), &compiled("echo-handler", folder.path()));
    let bare = Serving::echo();
    println!("POST /invocations, echo: a warm guest against axum alone, median of {ROUNDS} interleaved rounds of {} s", TIME.as_secs_f64());
    println!(
        "  {:>9} {:>6} {:>12} {:>12} {:>7} {:>14} {:>14}",
        "body", "conns", "guest req/s", "axum req/s", "ratio", "guest p50/p99", "axum p50/p99"
    );
    for bytes in [1_000, 100_000] {
        let body = vec![b'1'; bytes];
        for connections in [1, 8, 64] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(load::run(guest.address, connections, &body, TIME));
                theirs.push(load::run(bare.address, connections, &body, TIME));
            }
            report(bytes, connections, &ours, &theirs);
        }
    }
    println!("  (reach: ratio at least 0.85 at 1 KB and 64 connections)\n");
}

fn report(bytes: usize, connections: usize, ours: &[Measured], theirs: &[Measured]) {
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours.per_second / theirs.per_second).collect());
    let of = |runs: &[Measured], what: fn(&Measured) -> f64| median(runs.iter().map(what).collect());
    let latency = |runs: &[Measured]| format!("{:.0}/{:.0} us", of(runs, |m| m.p50_us), of(runs, |m| m.p99_us));
    println!(
        "  {:>7} B {connections:>6} {:>12.0} {:>12.0} {ratio:>7.3} {:>14} {:>14}",
        bytes,
        of(ours, |m| m.per_second),
        of(theirs, |m| m.per_second),
        latency(ours),
        latency(theirs)
    );
}
