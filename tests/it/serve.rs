//! The life of a request, good and bad.

use std::io::Write;
use std::net::TcpStream;

use crate::support::{Base, Server, algohost, exchange, guest, repository};

#[test]
fn ping_and_invocations_answer_as_the_contract_says() {
    let (_base, server) = Server::faulty(&[]);
    let ping = server.get("/ping").expect_status(200);
    assert!(ping.body.is_empty());
    let reply = server.csv("1,2\n9,4\n").expect_status(200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
    assert_eq!(reply.text(), r#"{"predictions":[{"value":[1.0,2.0]},{"value":[9.0,4.0]}]}"#);
}

#[test]
fn json_csv_and_npy_are_understood_and_answered() {
    let (_base, server) = Server::faulty(&[]);
    let json = br#"{"instances": [{"features": [1, 2]}, {"features": [9, 4]}]}"#;
    let csv = server.invoke(&[("content-type", "application/json; charset=utf-8"), ("accept", "text/csv")], json).expect_status(200);
    assert_eq!((csv.text().as_str(), csv.header("content-type")), ("1.0,2.0\n9.0,4.0\n", Some("text/csv")));
    let npy = server.invoke(&[("content-type", "text/csv"), ("accept", "application/x-npy")], b"1,2\n9,4\n").expect_status(200);
    assert!(npy.body.starts_with(b"\x93NUMPY"));
    let again = server.invoke(&[("content-type", "application/x-npy"), ("accept", "text/csv;q=0.5, */*;q=0.1")], &npy.body);
    assert_eq!(again.expect_status(200).text(), "1.0,2.0\n9.0,4.0\n");
}

#[test]
fn requests_that_are_wrong_get_a_status_a_reason_and_an_id() {
    let (_base, server) = Server::faulty(&[]);
    for (headers, body, status, code, wanted) in [
        (vec![("content-type", "text/csv")], "1,2\n3\n", 400, "invalid-input", "request: line 2"),
        (vec![("content-type", "text/csv")], "1,x\n", 400, "invalid-input", "'x'"),
        (vec![("content-type", "application/json")], "{\"instances\": [", 400, "invalid-input", "request"),
        (vec![("content-type", "image/png")], "x", 415, "unsupported-media", "image/png"),
        (vec![("content-type", "text/csv"), ("accept", "image/png")], "1,2\n", 406, "not-acceptable", "image/png"),
    ] {
        let reply = server.invoke(&headers, body.as_bytes()).expect_status(status);
        let json = reply.json();
        assert_eq!(json["code"], code, "{json}");
        assert!(json["message"].as_str().unwrap().contains(wanted), "{json}");
        assert!(!json["request_id"].as_str().unwrap().is_empty(), "{json}");
    }
}

#[test]
fn wrong_paths_and_methods_are_told_so() {
    let (_base, server) = Server::faulty(&[]);
    server.get("/").expect_status(404);
    server.get("/invocations").expect_status(405);
    assert_eq!(
        server.get("/nowhere").json()["message"],
        "no such path; there are GET /ping, POST /invocations, GET /execution-parameters and GET /metrics"
    );
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_MAX_BODY_MB", "1")]);
    let reply = server.csv(&"1,2\n".repeat(300_000)).expect_status(413);
    assert_eq!(reply.json()["message"], "the request body is larger than 1048576 bytes");
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn a_trap_costs_one_request_and_not_the_server() {
    let (_base, mut server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1")]);
    for (row, code, wanted) in [
        ("2,0\n", "trap", "predict: the algorithm panicked: the first feature is 2 (src/lib.rs:"),
        ("6,0\n", "trap", "predict: the algorithm "),
        ("5,0\n", "bad-operation", "predict: output 'value' has shape [2, 2], the request has 1 rows"),
    ] {
        let reply = server.csv(row).expect_status(500);
        assert_eq!(reply.json()["code"], code);
        assert!(reply.json()["message"].as_str().unwrap().starts_with(wanted), "{}", reply.text());
        server.csv("1,2\n").expect_status(200);
    }
    let reply = server.csv("4,0\n").expect_status(400);
    assert_eq!(reply.json()["message"], "the first feature is 4");
    server.wait_for("making a new instance");
    server.get("/ping").expect_status(200);
}

#[test]
fn memory_without_end_costs_one_request() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_MEMORY_MB", "64")]);
    let reply = server.csv("7,0\n").expect_status(500);
    assert_eq!(reply.json()["code"], "trap", "{}", reply.text());
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn an_endless_loop_is_interrupted_at_the_time_limit() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_REQUEST_TIMEOUT_SECONDS", "1")]);
    let reply = server.csv("3,0\n").expect_status(504);
    assert_eq!(reply.json()["message"], "predict: the algorithm did not return within 1 s and was interrupted");
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn a_guest_that_sleeps_is_interrupted_at_the_time_limit() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_REQUEST_TIMEOUT_SECONDS", "1")]);
    server.csv("9,0\n").expect_status(504);
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn an_instance_without_handles_left_is_replaced() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_TENSOR_MB", "64")]);
    for _ in 0..3 {
        server.csv("10,0\n").expect_status(200);
        server.csv("1,2\n").expect_status(200);
    }
}

#[test]
fn a_request_that_needs_more_memory_than_is_granted_is_too_large() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_TENSOR_MB", "1")]);
    let reply = server.csv(&"1,2\n".repeat(200_000)).expect_status(413);
    assert_eq!(reply.json()["code"], "too-large");
    server.csv("1,2\n").expect_status(200);
}

/// The one instance breaks, and a new one cannot be made for a while: those who ask are told so, and it recovers by itself.
#[test]
fn a_server_without_instances_says_so_and_recovers() {
    let base = Base::new();
    base.write("model/load", "well");
    let mut server = Server::start(base.path(), &guest("faulty"), &[("ALGOHOST_INSTANCES", "1")]);
    base.write("model/load", "error");
    server.csv("2,0\n").expect_status(500);
    server.wait_for("no new instance: the file load says error");
    assert_eq!(server.get("/ping").expect_status(503).text(), "no instance is left to answer");
    assert_eq!(server.csv("1,2\n").expect_status(503).json()["code"], "busy");
    base.remove("model/load");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while server.get("/ping").status != 200 {
        assert!(std::time::Instant::now() < deadline, "it does not recover");
        std::thread::yield_now();
    }
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn requests_beyond_the_queue_are_told_to_come_back() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_QUEUE", "1")]);
    let slow = |_| {
        let address = server.address;
        std::thread::spawn(move || crate::support::post(address, "/invocations", &[("content-type", "text/csv")], b"8,0\n"))
    };
    let replies: Vec<_> = (0..8).map(slow).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect();
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 503)), "{replies:?}");
    assert!(!refused.is_empty() && refused.len() < 8, "{} of 8 were refused", refused.len());
    assert_eq!(refused[0].header("retry-after"), Some("1"));
    assert_eq!(refused[0].json()["code"], "busy");
}

#[test]
fn requests_in_flight_are_answered_before_the_server_ends() {
    let (_base, mut server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1")]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"POST /invocations HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: 4\r\n\r\n8,0\n").unwrap();
    let answered = std::thread::spawn(move || {
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        answer
    });
    // The request has arrived once the one instance is busy with it, which a second request shows by waiting for it.
    server.csv("1,2\n").expect_status(200);
    server.terminate();
    assert_eq!(server.wait(), 0);
    assert!(answered.join().unwrap().starts_with("HTTP/1.1 200 "));
}

/// Quick and slow calls, traps and errors at once, so that instances break and connections change hands all the time.
#[test]
fn traps_and_slow_calls_leave_their_neighbours_alone() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "2")]);
    let address = server.address;
    let client = move |client: usize| {
        for request in 0..60 {
            let (first, wanted) = match (client * 7 + request) % 60 {
                11 => (2, 500),
                23 => (8, 200),
                31 | 47 => (4, 400),
                _ => (1, 200),
            };
            let body = format!("{first},{client}\n");
            let begun = std::time::Instant::now();
            let reply = crate::support::post(address, "/invocations", &[("content-type", "text/csv")], body.as_bytes());
            let reply = reply.expect_status(wanted);
            // Slow calls, 16 at most, may all be in front of this one; nothing else may hold it up.
            assert!(begun.elapsed().as_secs_f64() < 5.0, "{first} took {:?}", begun.elapsed());
            if wanted == 200 {
                assert_eq!(reply.text(), format!(r#"{{"predictions":[{{"value":[{first}.0,{client}.0]}}]}}"#));
            }
        }
    };
    let clients: Vec<_> = (0..16).map(|number| std::thread::spawn(move || client(number))).collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    server.get("/ping").expect_status(200);
}

#[test]
fn sigterm_ends_the_server_with_status_0() {
    let (_base, mut server) = Server::faulty(&[]);
    server.terminate();
    server.wait_for("serve: stopped");
    assert_eq!(server.wait(), 0);
}

#[test]
fn ping_is_not_200_while_the_model_is_loading() {
    let base = Base::new();
    base.write("model/load", "loop");
    let mut server = Server::start_loading(base.path(), &guest("faulty"), &[]);
    assert_eq!(server.get("/ping").expect_status(503).text(), "the model is being loaded");
    let reply = server.csv("1,2\n").expect_status(503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    server.terminate();
    assert_eq!(server.wait(), 0);
}

#[test]
fn a_load_that_fails_ends_the_server_with_the_reason() {
    for (mode, wanted) in [
        ("panic", "load: the algorithm panicked: the file load says panic (src/lib.rs:"),
        ("error", "the file load says error"),
        ("loop", "load: the algorithm did not return within 1 s and was interrupted"),
    ] {
        let base = Base::new();
        base.write("model/load", mode);
        let mut server = Server::start_loading(base.path(), &guest("faulty"), &[("SAGEMAKER_STARTUP_TIMEOUT", "1")]);
        server.wait_for(wanted);
        assert_eq!(server.wait(), 2);
    }
}

#[test]
fn a_missing_model_ends_the_server_with_the_reason() {
    let base = Base::new();
    let run = algohost(["serve"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust"));
    let outcome = run.env("SAGEMAKER_BIND_TO_PORT", "0").env("ALGOHOST_BIND_ADDRESS", "127.0.0.1").run().expect_status(1);
    assert!(outcome.stderr.contains("open-archive: the model directory has no 'model.safetensors'"), "{}", outcome.stderr);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (base, server) = Server::faulty(&[]);
    let port = server.address.port().to_string();
    let run = algohost(["serve"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let outcome = run.env("SAGEMAKER_BIND_TO_PORT", &port).env("ALGOHOST_BIND_ADDRESS", "127.0.0.1").run().expect_status(3);
    assert!(outcome.stderr.contains(&format!("cannot listen on 127.0.0.1:{port}: ")), "{}", outcome.stderr);
}

#[test]
fn a_raw_handler_sees_bytes_and_chooses_the_status() {
    let base = Base::new();
    let server = Server::start(base.path(), &guest("echo-handler"), &[]);
    let reply = server.invoke(&[("content-type", "image/x-mine"), ("x-echo-status", "418")], b"\x00\xff\n").expect_status(418);
    assert_eq!((reply.body.as_slice(), reply.header("content-type")), (b"\x00\xff\n".as_slice(), Some("image/x-mine")));
    let reply = server.invoke(&[("x-echo-status", "99")], b"x").expect_status(500);
    assert_eq!(reply.json()["message"], "the algorithm answered with status 99, wanted 200 to 599");
}

#[test]
fn what_is_not_http_does_not_disturb_the_server() {
    let (_base, server) = Server::faulty(&[]);
    for nonsense in [b"\x16\x03\x01\x00".as_slice(), b"GET\r\n\r\n", b"POST /invocations HTTP/1.1\r\ncontent-length: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(nonsense).unwrap();
        drop(stream);
    }
    let chunked = b"POST /invocations HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1,2\n\r\n0\r\n\r\n";
    exchange(server.address, chunked).expect_status(200);
}

#[test]
fn a_precompiled_component_serves_a_model_trained_by_another_process() {
    let sample = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer");
    let base = Base::of_sample(&sample);
    let component = guest("linear-learner-rust");
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", &component).run().expect_status(0);
    let cwasm = base.join("learner.cwasm");
    algohost(["compile", component.to_str().unwrap(), "-o", cwasm.to_str().unwrap()]).run().expect_status(0);
    let server = Server::start(base.path(), &cwasm, &[]);
    let request = std::fs::read_to_string(sample.join("request.csv")).unwrap();
    let answer = server.csv(&request).expect_status(200).json();
    assert_eq!(answer["predictions"].as_array().map(Vec::len), Some(request.lines().count()));
    let narrow = server.csv("1,2,3\n").expect_status(400).json();
    assert!(narrow["message"].as_str().unwrap().contains("30"), "{narrow}");
}

#[test]
fn the_guest_of_the_readme_is_whole_and_answers() {
    let source = std::fs::read_to_string(repository().join("tests/guests/smallest/src/lib.rs")).unwrap();
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.contains(source.split_once('\n').unwrap().1), "README.md shows another guest than tests/guests/smallest");
    let base = Base::new();
    let server = Server::start(base.path(), &guest("smallest"), &[]);
    assert_eq!(server.csv("32\n212\n").expect_status(200).text(), r#"{"predictions":[{"celsius":0.0},{"celsius":100.0}]}"#);
}
