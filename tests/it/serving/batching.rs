//! Dynamic batching: requests that wait are answered by one call.

use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use crate::support::{Base, Reply, Server, post};

/// One instance that answers rows with themselves, and up to 64 of them together.
fn joining(delay_ms: &str) -> (Base, Server) {
    Server::faulty(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_MAX_BATCH_ROWS", "64"), ("ALGOHOST_BATCH_DELAY_MS", delay_ms)])
}

/// The answers to bodies that are sent at once, in their order.
fn at_once(address: SocketAddr, bodies: &[String]) -> Vec<Reply> {
    let send = |body: &String| {
        let body = body.clone();
        thread::spawn(move || post(address, "/invocations", &[("content-type", "text/csv")], body.as_bytes()))
    };
    bodies.iter().map(send).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn requests_that_wait_are_answered_by_one_call() {
    // A call that begins with an 8 takes 200 ms, whatever the number of its rows.
    let (_base, server) = joining("50");
    let bodies: Vec<String> = (0..12).map(|number| format!("8,{number}\n8,-{number}\n")).collect();
    let begun = Instant::now();
    for (number, reply) in at_once(server.address, &bodies).into_iter().enumerate() {
        let wanted = format!(r#"{{"predictions":[{{"value":[8.0,{number}.0]}},{{"value":[8.0,-{number}.0]}}]}}"#);
        assert_eq!(reply.expect_status(200).text(), wanted);
    }
    // One by one they take 2.4 s.
    assert!(begun.elapsed().as_secs_f64() < 1.8, "12 requests took {:?}", begun.elapsed());
    // Who comes alone is answered, too.
    server.csv("1,2\n").expect_status(200);
}

#[test]
fn a_bad_request_is_no_harm_to_those_that_are_joined_with_it() {
    for delay_ms in ["0", "5"] {
        let (_base, server) = joining(delay_ms);
        for round in 0..5 {
            let body = |number: usize| match number % 8 {
                // A trap, and an error, when the row is the first of the call.
                1 => format!("2,{number}\n"),
                2 => format!("4,{number}\n"),
                3 => format!("1,{number},{round}\n"),
                4 => "1,x\n".to_owned(),
                5 => format!("5,{number}\n"),
                _ => format!("1,{number}\n1,{round}\n"),
            };
            let bodies: Vec<String> = (0..32).map(body).collect();
            for (number, reply) in at_once(server.address, &bodies).into_iter().enumerate() {
                let alone = matches!(number % 8, 1 | 2 | 5) && reply.status != 200;
                match number % 8 {
                    4 => assert_eq!(reply.expect_status(400).json()["message"], "request: line 1: column 2 is 'x', not a number"),
                    1 if alone => assert_eq!(reply.json()["code"], "trap"),
                    2 if alone => assert_eq!(reply.json()["message"], "the first feature is 4"),
                    5 if alone => assert_eq!(reply.json()["code"], "bad-operation"),
                    3 => assert_eq!(
                        reply.expect_status(200).text(),
                        format!(r#"{{"predictions":[{{"value":[1.0,{number}.0,{round}.0]}}]}}"#)
                    ),
                    1 | 2 | 5 => drop(reply.expect_status(200)),
                    _ => {
                        let wanted = format!(r#"{{"predictions":[{{"value":[1.0,{number}.0]}},{{"value":[1.0,{round}.0]}}]}}"#);
                        assert_eq!(reply.expect_status(200).text(), wanted);
                    }
                }
            }
        }
        server.get("/ping").expect_status(200);
    }
}

#[test]
fn rows_that_do_not_fit_into_memory_together_are_answered_apart() {
    let environment = [
        ("ALGOHOST_INSTANCES", "1"),
        ("ALGOHOST_MAX_BATCH_ROWS", "1000000"),
        ("ALGOHOST_BATCH_DELAY_MS", "20"),
        ("ALGOHOST_TENSOR_MB", "1"),
    ];
    let (_base, server) = Server::faulty(&environment);
    let bodies: Vec<String> = (0..8).map(|number| format!("1,{number}\n").repeat(40_000)).collect();
    for (number, reply) in at_once(server.address, &bodies).into_iter().enumerate() {
        let answer = reply.expect_status(200).json();
        let rows = answer["predictions"].as_array().unwrap();
        assert!(rows.len() == 40_000 && rows[39_999]["value"][1] == number as f64);
    }
}
