//! Answers that are sent part by part.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Base, Server, chunks, guest, post};

#[test]
fn a_part_is_there_before_the_next_is_made() {
    let (_base, server) = Server::streams(&[]);
    let answer = chunks(server.address, "/invocations", &[], "count 3 400");
    assert!(answer.head.starts_with("HTTP/1.1 200 ") && answer.head.contains("content-type: application/octet-stream"), "{}", answer.head);
    let parts: Vec<&str> = answer.chunks.iter().map(|(part, _)| part.as_str()).collect();
    assert_eq!(parts, ["0\n", "1\n", "2\n"]);
    let [first, .., last] = answer.chunks.iter().map(|(_, at)| *at).collect::<Vec<_>>()[..] else { unreachable!() };
    assert!(first < Duration::from_millis(400) && last >= Duration::from_millis(800), "{first:?} {last:?}");
    assert!(answer.is_whole);
}

#[test]
fn the_algorithm_chooses_the_head_or_fails_before_it() {
    let (_base, server) = Server::streams(&[]);
    let answer = chunks(server.address, "/invocations", &[], "head 418");
    assert!(answer.head.starts_with("HTTP/1.1 418 ") && answer.head.contains("x-part: first\r\n"), "{}", answer.head);
    assert_eq!(answer.text(), "done");
    for status in ["199", "600"] {
        let refused = server.invoke(&[], format!("head {status}").as_bytes()).expect_status(500);
        assert!(refused.json()["message"].as_str().unwrap().contains(&format!("status {status}, wanted 200 to 599")), "{}", refused.text());
    }
    let refused = server.invoke(&[], b"bad-head").expect_status(500);
    assert!(refused.json()["message"].as_str().unwrap().contains("header 'x-part' that cannot be sent"), "{}", refused.text());
    let failed = server.invoke(&[], b"fail").expect_status(400);
    assert_eq!(failed.json()["message"], "told to fail");
    let nothing = server.invoke(&[], b"nothing").expect_status(200);
    assert_eq!((nothing.header("content-length"), nothing.body.len()), (Some("0"), 0));
    assert_eq!(chunks(server.address, "/invocations", &[], "begin-twice").text(), "answer-writer.begin: the answer has begun already");
}

#[test]
fn an_answer_that_breaks_off_is_not_taken_for_a_whole_one() {
    let (_base, mut server) = Server::streams(&[("ALGOHOST_STREAM_SECONDS", "1")]);
    for (command, logged) in [
        ("fail-after 2", "broken off: told to fail"),
        ("trap-after 2", "broken off: handle-stream: the algorithm panicked: told to panic"),
        ("loop-after 2", "broken off: handle-stream: the algorithm did not return within 1 s"),
        ("count 2 5000", "broken off: handle-stream: the algorithm did not return within 1 s"),
    ] {
        let answer = chunks(server.address, "/invocations", &[], command);
        let wanted = if command.starts_with("count") { "0\n" } else { "0\n1\n" };
        assert_eq!((answer.text().as_str(), answer.is_whole), (wanted, false), "{command}");
        server.wait_for(logged);
    }
    assert!(chunks(server.address, "/invocations", &[], "count 2 0").is_whole);
    assert_eq!(server.metric("algohost_traps_total"), 3.0);
}

#[test]
fn a_large_part_comes_in_pieces_and_whole() {
    let (_base, server) = Server::streams(&[]);
    let answer = chunks(server.address, "/invocations", &[], "big 20000000");
    assert!(answer.is_whole && answer.chunks.len() > 1);
    assert_eq!(answer.text().len(), 20_000_000);
}

#[test]
fn a_handle_that_a_guest_leaves_behind_reaches_no_later_answer() {
    // One instance, one after the other.
    let (_base, server) = Server::streams(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_MAX_STREAMS", "1")]);
    let ask = |command| {
        server.wait_for_streams(0.0);
        chunks(server.address, "/invocations", &[], command)
    };
    assert_eq!(ask("keep").text(), "kept");
    assert_eq!(ask("use-kept").text(), "this answer writer handle is not open any more");
    assert_eq!(ask("drop").text(), "before");
    assert!(ask("count 1").is_whole);
}

#[test]
fn no_more_answers_than_may_be_are_streamed_at_once() {
    let (_base, server) = Server::streams(&[("ALGOHOST_MAX_STREAMS", "2")]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!(chunks(server.address, "/invocations", &[], "count 2 1500").is_whole));
        }
        server.wait_for_streams(2.0);
        let refused = server.invoke(&[], b"count 1").expect_status(503);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(refused.text().contains("2 streamed answers and conversations are under way"), "{}", refused.text());
    });
    server.wait_for_streams(0.0);
    server.invoke(&[], b"nothing").expect_status(200);
}

/// Sends a request and reads the head, no more.
fn begin(server: &Server, command: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!("POST /invocations HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\n\r\n{command}", command.len());
    stream.write_all(request.as_bytes()).unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200"), "{first:?}");
    stream
}

#[test]
fn an_algorithm_without_a_client_is_ended() {
    let (_base, mut server) = Server::streams(&[]);
    drop(begin(&server, "ignore"));
    server.wait_for("it went on for 5 s after its client was gone");
    server.wait_for_streams(0.0);
    // One that looks at errors ends by itself, without a trap.
    drop(begin(&server, "count 1000 10"));
    server.wait_for_streams(0.0);
    assert_eq!(server.metric("algohost_traps_total"), 1.0);
}

#[test]
fn a_client_that_does_not_read_is_given_up() {
    let (_base, server) = Server::streams(&[("ALGOHOST_IDLE_SECONDS", "2")]);
    let client = begin(&server, "big 20000000");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.metric("algohost_streams"), 1.0, "20 MB lie in buffers");
    server.wait_for_streams(0.0);
    drop(client);
}

#[test]
fn an_answer_that_has_begun_is_finished_when_the_server_stops() {
    let (_base, mut server) = Server::streams(&[]);
    let address = server.address;
    let client = std::thread::spawn(move || chunks(address, "/invocations", &[], "count 4 400"));
    server.wait_for_streams(1.0);
    server.terminate();
    let answer = client.join().unwrap();
    assert_eq!((answer.text().as_str(), answer.is_whole), ("0\n1\n2\n3\n", true));
    assert_eq!(server.wait(), 0);
}

#[test]
fn one_of_many_models_streams() {
    let base = Base::new();
    base.write("models/a/model/nothing", "");
    let server = Server::start(base.path(), &guest("streams"), &[("SAGEMAKER_MULTI_MODEL", "true")]);
    let body = r#"{"model_name": "a", "url": "/opt/ml/models/a/model"}"#;
    post(server.address, "/models", &[], body.as_bytes()).expect_status(200);
    assert_eq!(chunks(server.address, "/models/a/invoke", &[], "count 2 10").text(), "0\n1\n");
}
