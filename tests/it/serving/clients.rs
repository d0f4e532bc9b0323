//! Clients that are slow, gone, or send what nobody should.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::Server;

/// What the server answers to these bytes, until it closes the connection.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may close before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

const POST: &str = "POST /invocations HTTP/1.1\r\nhost: t\r\ncontent-type: text/csv\r\n";

#[test]
fn headers_and_bodies_that_do_not_come_are_not_waited_for() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_IDLE_SECONDS", "1"), ("ALGOHOST_REQUEST_TIMEOUT_SECONDS", "1")]);
    let begun = Instant::now();
    for half in ["", "POST /invoc", POST] {
        let answer = raw(&server, half.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{half:?}: {answer}");
    }
    let answer = raw(&server, format!("{POST}connection: close\r\ncontent-length: 100\r\n\r\n1,2\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("the request body did not arrive within 1 s"), "{answer}");
    let answer = raw(&server, format!("{POST}connection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1,2\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    // A connection is kept open for a while after its answer, and then closed.
    let answer = raw(&server, format!("{POST}content-length: 4\r\n\r\n1,2\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn headers_without_end_are_refused() {
    let (_base, server) = Server::faulty(&[]);
    let many: String = (0..2000).map(|number| format!("x-{number}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(1 << 20));
    for headers in [many, long] {
        let answer = raw(&server, format!("{POST}{headers}content-length: 4\r\n\r\n1,2\n").as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn bodies_beyond_the_limit_are_refused_before_they_are_read_whole() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_MAX_BODY_MB", "1")]);
    // Nothing of it was sent yet.
    let answer = raw(&server, format!("{POST}connection: close\r\ncontent-length: 99999999999\r\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("larger than 1048576 bytes"), "{answer}");
    let chunk = format!("10000\r\n{}\r\n", "1,2\n".repeat(1 << 14));
    let answer =
        raw(&server, format!("{POST}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(17)).as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let answer =
        raw(&server, format!("{POST}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(2)).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", &answer[..200]);
}

#[test]
fn clients_that_leave_are_no_harm() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1")]);
    for _ in 0..20 {
        for bytes in [format!("{POST}content-length: 4\r\n\r\n8,2\n"), format!("{POST}content-length: 400\r\n\r\n1,2\n"), POST.to_owned()] {
            TcpStream::connect(server.address).unwrap().write_all(bytes.as_bytes()).unwrap();
        }
    }
    // Nobody waits for the answers of those that are gone: most are never asked for.
    let begun = Instant::now();
    server.csv("1,2\n").expect_status(200);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
