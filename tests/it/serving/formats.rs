//! Requests and answers in every format, and what the platform's variables change about them.

use serde_json::json;

use crate::support::{Base, Server, algohost, guest, job, train_guest};

/// `values` as a tensor of an entry of a record's map.
fn record(map: u8, key: &str, values: &[f32]) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8][..], content].concat();
    let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let payload = field(map, &[field(1, key.as_bytes()), field(2, &field(2, &field(1, &numbers)))].concat());
    let mut frame = [&0xCED7_230A_u32.to_le_bytes()[..], &(payload.len() as u32).to_le_bytes(), &payload].concat();
    frame.resize(frame.len().next_multiple_of(4), 0);
    frame
}

#[test]
fn the_same_rows_in_every_format_get_the_same_answer() {
    let (_base, server) = Server::faulty(&[]);
    let npy = {
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,), }".to_vec();
        bytes.resize(127, b' ');
        bytes.push(b'\n');
        bytes.extend([1.5_f32, 0.0, -2.0, 0.0, 0.0, 4.0].iter().flat_map(|value| value.to_le_bytes()));
        bytes
    };
    let records = [record(1, "values", &[1.5, 0.0, -2.0]), record(1, "values", &[0.0, 0.0, 4.0])].concat();
    let requests: [(&str, &[u8]); 14] = [
        ("text/csv", b"1.5,0,-2\n0,0,4\n"),
        ("TEXT/CSV; charset=UTF-8; label_size=0", b"1.5,0,-2\r\n0,0,4"),
        ("csv", b"1.5;0;-2\n0;0;4\n"),
        ("application/json", br#"{"instances": [{"features": [1.5, 0, -2]}, {"features": [0, 0, 4]}]}"#),
        ("application/json", br#"{"instances": [[1.5, 0, -2], [0, 0, 4]]}"#),
        ("application/json; charset=utf-8", br#"[[1.5, 0, -2], [0, 0, 4]]"#),
        (
            "application/json",
            br#"{"instances": [{"data": {"features": {"keys": [0, 2], "shape": [3], "values": [1.5, -2]}}},
                               {"data": {"features": {"values": [0, 0, 4]}}}]}"#,
        ),
        (
            "application/jsonlines",
            b"{\"features\": [1.5, 0, -2]}\n{\"data\": {\"features\": {\"keys\": [2], \"shape\": [3], \"values\": [4]}}}\n",
        ),
        ("application/jsonlines", b"[1.5, 0, -2]\n[0, 0, 4]"),
        ("text/libsvm", b"1 1:1.5 3:-2\n0 3:4\n"),
        ("text/x-libsvm", b"1:1.5 3:-2\n3:4\n"),
        ("text/libsvm; index_base=0; columns=3", b"0:1.5 2:-2\n2:4\n"),
        ("application/x-recordio-protobuf", &records),
        ("application/x-npy", &npy),
    ];
    for (content_type, body) in requests {
        let reply = server.invoke(&[("content-type", content_type)], body).expect_status(200);
        assert_eq!(reply.text(), r#"{"predictions":[{"value":[1.5,0.0,-2.0]},{"value":[0.0,0.0,4.0]}]}"#, "{content_type}");
    }
    // A header that some clients send instead.
    server.invoke(&[("contenttype", "application/jsonlines")], b"[1, 2]").expect_status(200);

    let answers: [(&str, &str, &[u8]); 5] = [
        ("application/json", "application/json", br#"{"predictions":[{"value":[1.5,0.0,-2.0]},{"value":[0.0,0.0,4.0]}]}"#),
        ("text/csv", "text/csv", b"1.5,0.0,-2.0\n0.0,0.0,4.0\n"),
        ("jsonlines", "application/jsonlines", b"{\"value\":[1.5,0.0,-2.0]}\n{\"value\":[0.0,0.0,4.0]}\n"),
        (
            "application/x-recordio-protobuf",
            "application/x-recordio-protobuf",
            &[record(2, "value", &[1.5, 0.0, -2.0]), record(2, "value", &[0.0, 0.0, 4.0])].concat(),
        ),
        ("application/x-npy", "application/x-npy", &npy),
    ];
    for (accept, media_type, body) in answers {
        let reply = server.invoke(&[("content-type", "text/csv"), ("accept", accept)], b"1.5,0,-2\n0,0,4\n").expect_status(200);
        assert_eq!((reply.header("content-type"), reply.body.as_slice()), (Some(media_type), body), "{accept}");
    }
}

/// The width of rows, and where their indices begin, travel with the model.
#[test]
fn sparse_requests_are_as_wide_as_the_rows_the_model_learned_from() {
    let rows: String = (0..60).map(|row| format!("{} 0:{} 4:{}\n", row % 2, row % 2, row % 7)).collect();
    let base = job(&json!({"predictor_type": "binary_classifier"}), "");
    base.remove("input/data/train/data.csv").write("input/data/train/data.libsvm", rows);
    base.channels(&json!({"train": {"TrainingInputMode": "File", "ContentType": "text/libsvm"}}));
    train_guest("linear-learner-rust", &base, 0);
    let server = Server::start(base.path(), &guest("linear-learner-rust"), &[]);
    let scores = |content_type: &str, body: &str| {
        let answer = server.invoke(&[("content-type", content_type)], body.as_bytes()).expect_status(200).json();
        answer["predictions"].as_array().unwrap().iter().map(|row| row["score"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let wanted = scores("text/csv", "0,2,0,0,0\n1,0,0,0,0\n");
    assert_eq!(scores("text/libsvm", "0 1:2\n0 0:1\n"), wanted);
    // Index 0 does not occur, and yet index 1 is the second column.
    assert_eq!(scores("text/libsvm", "1:2\n"), wanted[..1]);
    assert_eq!(scores("application/json", r#"{"features": {"keys": [1], "values": [2]}}"#), wanted[..1]);
    let beyond = server.invoke(&[("content-type", "text/libsvm")], b"5:1\n").expect_status(400).json();
    assert_eq!(beyond["message"], "request: line 1: index 5 is beyond the 5 columns of a row");
}

#[test]
fn batch_transform_jobs_get_an_output_record_per_record() {
    let (_base, server) = Server::faulty(&[("SAGEMAKER_BATCH", "True"), ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "7"), ("ALGOHOST_INSTANCES", "3")]);
    let parameters = server.get("/execution-parameters").expect_status(200);
    assert_eq!(parameters.header("content-type"), Some("application/json"));
    assert_eq!(parameters.json(), json!({"MaxConcurrentTransforms": 3, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 7}));
    for (accept, body) in [
        ("text/csv", "1.0,2.0\n3.0,4.0\n"),
        ("application/jsonlines", "{\"value\":[1.0,2.0]}\n{\"value\":[3.0,4.0]}\n"),
        ("application/json", "{\"predictions\":[{\"value\":[1.0,2.0]},{\"value\":[3.0,4.0]}]}\n"),
    ] {
        let reply = server.invoke(&[("content-type", "text/csv"), ("accept", accept)], b"1,2\n3,4\n").expect_status(200);
        assert_eq!(reply.text(), body);
    }
}

#[test]
fn an_empty_body_has_no_rows_and_no_answer() {
    let (_base, server) = Server::faulty(&[]);
    let reply = server.invoke(&[("content-type", "text/csv")], b"").expect_status(204);
    assert!(reply.body.is_empty());
    // Whoever takes bytes takes none, too.
    let base = Base::new();
    let server = Server::start(base.path(), &guest("echo-handler"), &[]);
    server.invoke(&[("x-echo-status", "207")], b"").expect_status(207);
}

#[test]
fn outputs_are_selected_by_name() {
    let samples = crate::support::repository().join("guest-examples/linear-learner-rust/samples/breast-cancer");
    let base = Base::of_sample(&samples);
    train_guest("linear-learner-rust", &base, 0);
    let request = std::fs::read_to_string(samples.join("request.csv")).unwrap();
    let answer = |outputs: &str| {
        let server = Server::start(base.path(), &guest("linear-learner-rust"), &[("SAGEMAKER_INFERENCE_OUTPUT", outputs)]);
        server.invoke(&[("content-type", "text/csv"), ("accept", "text/csv")], request.as_bytes()).expect_status(200).text()
    };
    let (all, labels, turned) = (answer(""), answer("predicted_label"), answer("predicted_label, score"));
    for ((all, label), turned) in all.lines().zip(labels.lines()).zip(turned.lines()) {
        let (score, wanted) = all.split_once(',').unwrap();
        assert_eq!((label, turned), (wanted, format!("{wanted},{score}").as_str()));
    }
    assert_eq!(labels.lines().count(), request.lines().count());
    let run = algohost(["serve"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust"));
    let run = run.env("SAGEMAKER_BIND_TO_PORT", "0").env("ALGOHOST_BIND_ADDRESS", "127.0.0.1");
    let refused = run.env("SAGEMAKER_INFERENCE_OUTPUT", "score,probabilities").run().expect_status(1);
    let told = "SAGEMAKER_INFERENCE_OUTPUT asks for 'probabilities', the algorithm's outputs are score, predicted_label";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
    // An algorithm that does not declare its outputs is asked for them by the first request.
    let base = Base::new();
    let server = Server::start(base.path(), &guest("smallest"), &[("SAGEMAKER_INFERENCE_OUTPUT", "kelvin")]);
    let told = server.csv("1\n").expect_status(500).json();
    assert_eq!(told["message"], "SAGEMAKER_INFERENCE_OUTPUT asks for 'kelvin', the algorithm's outputs are celsius");
}
