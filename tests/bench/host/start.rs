//! From the start of the process to the first 200 of `/ping`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::figures::median;
use crate::{algohost as binary, compiled, repository};

const ROUNDS: usize = 31;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    let component = compiled("linear-learner-rust", base);
    let sample = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer/input");
    let copied = std::process::Command::new("cp").arg("-R").arg(sample).arg(base.join("input")).status().unwrap();
    assert!(copied.success());
    let trained = binary().arg("train").arg("--base").arg(base).arg("--component").arg(&component).output().unwrap();
    assert!(trained.status.success());
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| start(base, &component)).collect();
    times.sort_by(f64::total_cmp);
    println!("loading a .cwasm into a running host: median {:.3} ms   (reach: 1)", loading(&component));
    println!("process start to the first 200 of /ping, .cwasm of the linear learner with a model, {ROUNDS} starts");
    println!("  median {:.2} ms, fastest {:.2} ms, slowest {:.2} ms   (reach: 25)\n", median(times.clone()), times[0], times[ROUNDS - 1]);
}

/// Milliseconds from the file to a linked component.
fn loading(component: &Path) -> f64 {
    let host = algohost::wasm::Host::new(1).unwrap();
    let load = || {
        let begun = Instant::now();
        let algorithm = host.load(component, algohost::wasm::Origin::Named, None).unwrap();
        let elapsed = begun.elapsed().as_secs_f64() * 1e3;
        drop(algorithm);
        elapsed
    };
    median((0..ROUNDS).map(|_| load()).collect())
}

fn start(base: &Path, component: &Path) -> f64 {
    // A port that was free a moment ago; the server says nothing here that would have to be waited for.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let begun = Instant::now();
    let mut child = binary()
        .arg("serve")
        .arg("--base")
        .arg(base)
        .env("ALGOHOST_COMPONENT", component)
        .env("SAGEMAKER_BIND_TO_PORT", address.port().to_string())
        .env("ALGOHOST_BIND_ADDRESS", "127.0.0.1")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until_ready(address);
    let elapsed = begun.elapsed().as_secs_f64() * 1e3;
    child.kill().unwrap();
    child.wait().unwrap();
    elapsed
}

/// Asks `/ping`, again and again, until it answers 200.
fn wait_until_ready(address: SocketAddr) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if ping(address).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ")) {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    panic!("{address} is not ready within {} s", PATIENCE.as_secs());
}

fn ping(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /ping HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
