//! A client that keeps a number of connections busy: each sends a request, waits for the whole answer, and sends the next.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests a second and latencies of one run.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Sends `body` over `connections` for `time`. Every answer must have status 200.
pub(crate) fn run(address: SocketAddr, connections: usize, body: &[u8], time: Duration) -> Measured {
    let head = format!(
        "POST /invocations HTTP/1.1\r\nhost: bench\r\ncontent-type: text/csv\r\naccept: text/csv\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Instant::now();
    let mut latencies: Vec<f64> = runtime.block_on(async {
        let set: Vec<_> = (0..connections).map(|_| tokio::spawn(connection(address, request.clone(), start + time))).collect();
        let mut all = Vec::new();
        for task in set {
            all.extend(task.await.unwrap());
        }
        all
    });
    let seconds = start.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    Measured { per_second: latencies.len() as f64 / seconds, p50_us: at(0.5), p99_us: at(0.99) }
}

async fn connection(address: SocketAddr, request: Vec<u8>, end: Instant) -> Vec<f64> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(256 * 1024);
    while Instant::now() < end {
        let sent = Instant::now();
        stream.write_all(&request).await.unwrap();
        answer(&mut stream, &mut buffer).await;
        latencies.push(sent.elapsed().as_secs_f64() * 1e6);
    }
    latencies
}

/// Reads one answer to its end.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut wanted = None;
    while wanted.is_none_or(|wanted| buffer.len() < wanted) {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
        if wanted.is_none() {
            wanted = whole_length(buffer);
        }
    }
    assert!(buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer[..buffer.len().min(300)]));
}

/// Bytes of head and body, once the head is there.
fn whole_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&buffer[..head]).unwrap();
    let of = |line: &str| {
        line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, length)| length.to_owned())
    };
    let length = text.lines().find_map(of).expect("an answer has a length");
    Some(head + 4 + length.parse::<usize>().unwrap())
}
