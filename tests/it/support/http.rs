//! A client that does just what it is told, wrong things too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    pub(crate) fn expect_status(self, wanted: u16) -> Reply {
        assert_eq!(self.status, wanted, "{}", self.text());
        self
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    exchange(address, format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes())
}

pub(crate) fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    exchange(address, &[request.as_bytes(), body].concat())
}

/// Sends bytes and reads the answer to its end.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The server may answer, and close, before it has read a body that is too large.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    parse(&answer)
}

fn parse(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("the answer has a header");
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply { status, headers: headers.collect(), body: answer[end + 4..].to_vec() }
}

/// A connection that is kept, as clients that ask often do.
pub(crate) struct Kept(BufReader<TcpStream>);

impl Kept {
    pub(crate) fn new(address: SocketAddr) -> Kept {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        Kept(BufReader::new(stream))
    }

    /// `POST /invocations`.
    pub(crate) fn invoke(&mut self, content_type: &str, body: &[u8]) -> Reply {
        let length = body.len();
        let head = format!("POST /invocations HTTP/1.1\r\nhost: t\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "closed without an answer: {head}");
        }
        let mut reply = parse(head.as_bytes());
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        reply.body = vec![0; length];
        self.0.read_exact(&mut reply.body).unwrap();
        reply
    }
}

/// An answer in chunks: whether its end was seen, and when each chunk came.
pub(crate) struct Chunks {
    pub(crate) head: String,
    pub(crate) chunks: Vec<(String, Duration)>,
    pub(crate) is_whole: bool,
}

impl Chunks {
    pub(crate) fn text(&self) -> String {
        self.chunks.iter().map(|(chunk, _)| chunk.as_str()).collect()
    }
}

/// `POST /invocations`, read chunk by chunk.
pub(crate) fn chunks(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Chunks {
    let begun = Instant::now();
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}");
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "the answer has no header: {head}");
    }
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    let mut answer = Chunks { head, chunks: Vec::new(), is_whole: false };
    let mut line = String::new();
    while stream.read_line(&mut line).unwrap_or(0) > 0 {
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        if stream.read_exact(&mut chunk).is_err() {
            break;
        }
        if length == 0 {
            answer.is_whole = true;
            break;
        }
        answer.chunks.push((String::from_utf8_lossy(&chunk[..length]).into_owned(), begun.elapsed()));
        line.clear();
    }
    answer
}
