//! What an operator sees of a server: metrics, traces, log lines.

use serde_json::Value;

use crate::support::{Server, post};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn requests_times_traps_and_memory_are_counted() {
    let (_base, server) = Server::faulty(&[("ALGOHOST_INSTANCES", "1")]);
    for (row, status) in [("1,2\n", 200), ("1,2\n", 200), ("1,x\n", 400), ("2,0\n", 500), ("8,0\n", 200)] {
        server.csv(row).expect_status(status);
    }
    for (code, count) in [(200, 3.0), (400, 1.0), (500, 1.0)] {
        assert_eq!(server.metric(&format!("algohost_requests_total{{code=\"{code}\"}}")), count);
    }
    // What was not answered by the algorithm took time, too, but not in it.
    assert_eq!(server.metric("algohost_request_seconds_count{phase=\"Total\"}"), 5.0);
    for phase in ["Queue", "Decode", "Guest", "Kernel", "Encode"] {
        assert_eq!(server.metric(&format!("algohost_request_seconds_count{{phase=\"{phase}\"}}")), 3.0);
    }
    // The last one slept for 200 ms.
    let guest = server.metric("algohost_request_seconds_sum{phase=\"Guest\"}");
    assert!((0.2..1.0).contains(&guest), "{guest} s");
    // It was the host that it slept in.
    let kernel = server.metric("algohost_request_seconds_sum{phase=\"Kernel\"}");
    assert!((0.2..guest).contains(&kernel), "{kernel} of {guest} s");
    assert_eq!((server.metric("algohost_traps_total"), server.metric("algohost_restarts_total")), (1.0, 1.0));
    assert_eq!((server.metric("algohost_instances"), server.metric("algohost_models")), (1.0, 1.0));
    assert_eq!((server.metric("algohost_requests_waiting"), server.metric("algohost_tensor_memory_bytes")), (0.0, 0.0));
    // One instance's, although there have been two.
    let memory = server.metric("algohost_guest_memory_bytes");
    assert!((65_536.0..8e6).contains(&memory), "{memory} bytes");
}

#[test]
fn joined_requests_and_many_models_are_counted() {
    let (_base, joining) = Server::faulty(&[("ALGOHOST_MAX_BATCH_ROWS", "8")]);
    joining.csv("1,2\n3,4\n").expect_status(200);
    assert_eq!((joining.metric("algohost_batch_requests_sum"), joining.metric("algohost_batch_rows_sum")), (1.0, 2.0));

    let (base, many) = Server::faulty(&[("SAGEMAKER_MULTI_MODEL", "true"), ("ALGOHOST_WARM_INSTANCES", "1")]);
    base.write("models/a/model/load", "well");
    for name in ["a", "b"] {
        let body = format!(r#"{{"model_name": "{name}", "url": "/opt/ml/models/a/model"}}"#);
        post(many.address, "/models", &[], body.as_bytes()).expect_status(200);
    }
    assert_eq!(many.metric("algohost_models"), 2.0);
    let memory = many.metric("algohost_guest_memory_bytes");
    for (row, status) in [("2,0\n", 500), ("1,2\n", 200)] {
        post(many.address, "/models/a/invoke", &[("content-type", "text/csv")], row.as_bytes()).expect_status(status);
    }
    assert_eq!((many.metric("algohost_traps_total"), many.metric("algohost_requests_total{code=\"200\"}")), (1.0, 1.0));
    assert_eq!(many.metric("algohost_guest_memory_bytes"), memory);
}

#[test]
fn log_lines_of_a_request_tell_its_trace() {
    let (_base, mut server) = Server::faulty(&[]);
    let traced = |traceparent: &str, row: &str| {
        let headers = [("content-type", "text/csv"), ("traceparent", traceparent), ("x-amzn-sagemaker-inference-id", "mine")];
        server.invoke(&headers, row.as_bytes());
    };
    traced(&format!("00-{TRACE}-00f067aa0ba902b7-01"), "1,x\n");
    traced(&format!("00-{TRACE}-00f067aa0ba902b7-01"), "2,0\n");
    for wrong in
        ["", "00-0-0-0", &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), "00-zz", &format!("ff-{TRACE}-00f067aa0ba902b7-01")]
    {
        traced(wrong, "1,y\n");
    }
    let told = server.wait_for("'x', not a number");
    assert!(told.contains(TRACE) && told.contains("mine"), "{told}");
    // The thread of the instance tells it, too.
    let told = server.wait_for("making a new instance");
    assert!(told.contains(TRACE), "{told}");
    let told = server.wait_for("'y', not a number");
    assert!(!told.contains("trace") && told.contains("mine"), "{told}");
}

#[test]
fn log_lines_are_json_where_that_is_wanted_and_tell_every_request_where_it_spent_its_time() {
    let (_base, mut server) = Server::faulty(&[("ALGOHOST_LOG_FORMAT", "json"), ("ALGOHOST_LOG", "debug")]);
    let headers = [("content-type", "text/csv"), ("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))];
    server.invoke(&headers, b"8,2\n").expect_status(200);
    let told = server.wait_for("answered");
    let line: Value = serde_json::from_str(told.trim()).unwrap_or_else(|error| panic!("{error}: {told}"));
    assert_eq!((&line["level"], &line["status"], &line["span"]["trace"]), (&"DEBUG".into(), &200.into(), &TRACE.into()), "{line}");
    assert!(line["kernel_us"].as_u64().unwrap() >= 200_000 && line["guest_us"].as_u64() >= line["kernel_us"].as_u64(), "{line}");
    assert!(line["total_us"].as_u64() >= line["guest_us"].as_u64(), "{line}");
}
