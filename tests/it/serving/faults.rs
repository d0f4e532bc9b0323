//! Everything that goes wrong at once, at every byte, and at every moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::{Base, Kept, Server, guest, post, train_guest};

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 10_000;

/// What is sent as the request of that number, and what must come back.
fn mixed(number: usize) -> (&'static str, String, u16, String) {
    let told = |rows: &str| format!(r#"{{"predictions":[{{"value":[{rows}]}}]}}"#);
    let values = format!("1.0,{number}.0");
    match number % 100 {
        // Breaks the instance.
        0 => ("text/csv", format!("2,{number}\n"), 500, "the first feature is 2".to_owned()),
        1..5 => ("text/csv", format!("4,{number}\n"), 400, "the first feature is 4".to_owned()),
        5..8 => ("text/csv", format!("1,{number},x\n"), 400, "not a number".to_owned()),
        8..10 => ("application/json", format!("[[1,{number}"), 400, "request_id".to_owned()),
        10..12 => ("image/png", format!("{number}"), 415, "image/png".to_owned()),
        12..14 => ("text/csv", format!("5,{number}\n"), 500, "the request has 1 rows".to_owned()),
        14..40 => ("application/json", format!(r#"{{"instances": [{{"features": [1, {number}]}}]}}"#), 200, told(&values)),
        40..50 => ("application/jsonlines", format!("{{\"features\": [1, {number}]}}\n"), 200, told(&values)),
        50..55 => {
            let rows = format!("1,{number}\n").repeat(50);
            ("text/csv", rows, 200, told(&values).replace("]}]}", &format!("]}}{}]}}", format!(r#",{{"value":[{values}]}}"#).repeat(49))))
        }
        _ => ("text/csv", format!("1,{number}\n"), 200, told(&values)),
    }
}

/// Sends so many mixed requests over all connections at once, and looks at every answer.
///
/// Joined with others, a row that is asked to go wrong may be answered: this algorithm looks at the first row only.
fn storm(server: &Server, requests: usize, joined: bool) {
    let address = server.address;
    std::thread::scope(|scope| {
        for first in 0..CONNECTIONS {
            scope.spawn(move || {
                let mut connection = Kept::new(address);
                for number in (first..requests).step_by(CONNECTIONS) {
                    let (content_type, body, status, told) = mixed(number);
                    let reply = connection.invoke(content_type, body.as_bytes());
                    if joined && reply.status == 200 && matches!(body.as_bytes()[0], b'2' | b'4' | b'5') {
                        let own = format!(r#"{{"predictions":[{{"value":[{}.0,{number}.0]}}]}}"#, &body[..1]);
                        assert_eq!(reply.text(), own);
                        continue;
                    }
                    assert_eq!(reply.status, status, "{number}: {}", reply.text());
                    assert!(if status == 200 { reply.text() == told } else { reply.text().contains(&told) }, "{number}: {}", reply.text());
                }
            });
        }
    });
}

fn every_other_request_is_answered_and_nothing_is_left(environment: &[(&str, &str)], joined: bool) {
    let (_base, server) = Server::faulty(&[&[("ALGOHOST_INSTANCES", "2")], environment].concat());
    storm(&server, REQUESTS / 4, joined);
    let (threads, memory) = (server.status("Threads"), server.status("VmRSS"));
    storm(&server, REQUESTS, joined);
    std::thread::sleep(Duration::from_millis(200));
    let text = server.get("/metrics").text();
    assert!(text.contains("\nalgohost_requests_waiting 0\n") && text.contains("\nalgohost_instances 2\n"), "{text}");
    assert_eq!(server.status("Threads"), threads, "threads are left");
    let grown = server.status("VmRSS").saturating_sub(memory);
    assert!(grown < 8 << 10, "{grown} kB more than the {memory} kB before");
}

#[test]
fn a_trap_in_a_hundred_of_ten_thousand_requests_costs_nobody_else_anything() {
    every_other_request_is_answered_and_nothing_is_left(&[], false);
}

#[test]
fn nor_where_requests_are_joined() {
    every_other_request_is_answered_and_nothing_is_left(&[("ALGOHOST_MAX_BATCH_ROWS", "32"), ("ALGOHOST_BATCH_DELAY_MS", "1")], true);
}

#[test]
fn json_that_is_broken_at_any_byte_is_the_clients_fault() {
    let (_base, server) = Server::faulty(&[]);
    let mut connection = Kept::new(server.address);
    for body in [
        r#"{"instances": [{"features": [1, -2.5e0]}, {"features": [1, 0]}]}"#,
        r#"{"instances":[{"data":{"features":{"keys":[0,1],"shape":[3],"values":[1,2]}}}]}"#,
        r#" [ [1, 2 ] , [1,null] ] "#,
        r#"{"configuration": {"a": "\u00e4\n"}, "instances": [[1, true]]}"#,
    ] {
        let mut wrong = 0;
        let mut send = |broken: &[u8]| {
            let reply = connection.invoke("application/json", broken);
            let shown = String::from_utf8_lossy(broken).into_owned();
            // Some of it is still JSON, and some of that not for this model.
            assert!(matches!(reply.status, 200 | 204 | 400), "{shown}: {} {}", reply.status, reply.text());
            assert!(reply.status != 400 || reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{shown}");
            wrong += usize::from(reply.status == 400);
        };
        for at in 0..body.len() {
            let bytes = body.as_bytes();
            send(&bytes[..at]);
            send(&[&bytes[..at], &bytes[at + 1..]].concat());
            for put in [0, b' ', b'"', b'\\', b',', b':', b'[', b'}', b'1', b'-', b'e', 0x80, 0xFF] {
                send(&[&bytes[..at], &[put], &bytes[at + 1..]].concat());
                send(&[&bytes[..at], &[put], &bytes[at..]].concat());
            }
        }
        assert!(wrong > body.len() * 10, "{wrong} are refused of {}", body.len() * 28);
    }
    server.csv("1,2\n").expect_status(200);
}

const HEAD: &str = "POST /invocations HTTP/1.1\r\nhost: t\r\ncontent-type: text/csv\r\n";

/// A connection on which so much was sent.
fn begun(server: &Server, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_server_ends_in_order_whatever_its_clients_are_about() {
    let environment = [("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_IDLE_SECONDS", "3"), ("ALGOHOST_REQUEST_TIMEOUT_SECONDS", "5")];
    let (_base, mut server) = Server::faulty(&environment);
    let whole = format!("{HEAD}content-length: 4\r\n\r\n");
    // Kept open after an answer; within the headers; within the body; waiting and answered; one that reads slowly.
    let mut idle = Kept::new(server.address);
    idle.invoke("text/csv", b"1,2\n").expect_status(200);
    let silent = begun(&server, "");
    let headers = begun(&server, HEAD);
    let body = begun(&server, &format!("{whole}8,"));
    let gone = begun(&server, &format!("{whole}8,0\n"));
    gone.shutdown(Shutdown::Both).unwrap();
    let rows = "8,123456\n".repeat(200_000);
    let slow = begun(&server, &format!("{HEAD}content-length: {}\r\n\r\n{rows}", rows.len()));
    let answered: Vec<_> = (0..3).map(|_| begun(&server, &format!("{whole}8,0\n"))).collect();
    std::thread::sleep(Duration::from_millis(100));
    server.terminate();
    std::thread::sleep(Duration::from_millis(100));
    assert!(
        TcpStream::connect(server.address).is_err() || rest(begun(&server, &format!("{whole}1,2\n"))).is_empty(),
        "new ones are served"
    );
    // What has begun is finished.
    let mut late = body;
    late.write_all(b"0\n").unwrap();
    for stream in answered {
        let answer = rest(stream);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"predictions":[{"value":[8.0,0.0]}]}"#), "{answer}");
    }
    let answer = rest(late);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = rest(slow);
    assert_eq!(answer.matches("123456").count(), 200_000, "{}", &answer[..answer.len().min(300)]);
    let dropped = [rest(silent), rest(headers)];
    assert!(dropped.iter().all(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 408 ")), "{dropped:?}");
    assert_eq!(server.wait(), 0);
}

#[test]
fn a_second_signal_does_not_wait_for_anybody() {
    let (_base, mut server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1")]);
    let waiting = begun(&server, &format!("{HEAD}content-length: 4\r\n\r\n3,0\n"));
    std::thread::sleep(Duration::from_millis(200));
    server.terminate();
    server.wait_for("SIGTERM received");
    server.terminate();
    server.wait();
    assert!(rest(waiting).is_empty());
}

/// A model of the linear learner that answers the row `1` with about the label.
fn learned(base: &Path, label: i32) {
    let rows: String = (0..40).map(|row| format!("{},{}\n", label + row % 2, row % 5)).collect();
    let job = crate::support::job(&json!({"predictor_type": "regressor", "epochs": "5"}), &rows);
    train_guest("linear-learner-rust", &job, 0);
    std::fs::create_dir_all(base).unwrap();
    std::fs::copy(job.join("model/model.safetensors"), base.join("model.safetensors")).unwrap();
}

#[test]
fn a_model_folder_that_changes_changes_no_model_that_is_loaded() {
    let base = Base::new();
    // No instance is kept, so that every request makes a new one.
    let environment = [("SAGEMAKER_MULTI_MODEL", "true"), ("ALGOHOST_WARM_INSTANCES", "0")];
    let server = Server::start(base.path(), &guest("linear-learner-rust"), &environment);
    learned(&base.join("models/a/model"), 10);
    learned(&base.join("other"), 500);
    let folder = base.join("models/a/model");
    post(server.address, "/models", &[], br#"{"model_name": "a", "url": "/opt/ml/models/a/model"}"#).expect_status(200);
    let ask = || post(server.address, "/models/a/invoke", &[("content-type", "text/csv")], b"1\n").expect_status(200).text();
    let before = ask();
    std::fs::copy(base.join("other/model.safetensors"), folder.join("model.safetensors")).unwrap();
    assert_eq!(ask(), before, "another model in the place of the old one");
    std::fs::OpenOptions::new().write(true).open(folder.join("model.safetensors")).unwrap().set_len(10).unwrap();
    assert_eq!(ask(), before, "a file that was cut off");
    std::fs::remove_dir_all(&folder).unwrap();
    let gone = post(server.address, "/models/a/invoke", &[("content-type", "text/csv")], b"1\n");
    assert!(gone.status == 200 && gone.text() == before || gone.status == 500, "{} {}", gone.status, gone.text());
    std::fs::rename(base.join("other"), &folder).unwrap();
    assert_eq!(ask(), before, "another folder in the place of the old one");
    // Loaded anew, it is the new model.
    crate::support::exchange(server.address, b"DELETE /models/a HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").expect_status(200);
    post(server.address, "/models", &[], br#"{"model_name": "a", "url": "/opt/ml/models/a/model"}"#).expect_status(200);
    assert_ne!(ask(), before);
}
