//! Many models in one server: the platform's calls to load, list, ask and unload them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Base, Reply, Server, exchange, guest, post, repository, train_guest};

fn many(environment: &[(&str, &str)], component: &str) -> (Base, Server) {
    let base = Base::new();
    let environment = [&[("SAGEMAKER_MULTI_MODEL", "true")], environment].concat();
    let server = Server::start(base.path(), &guest(component), &environment);
    (base, server)
}

fn load(server: &Server, name: &str, folder: &str) -> Reply {
    let body = json!({"model_name": name, "url": format!("/opt/ml/models/{folder}/model")});
    post(server.address, "/models", &[("content-type", "application/json")], body.to_string().as_bytes())
}

fn ask(server: &Server, name: &str, body: &str) -> Reply {
    post(server.address, &format!("/models/{name}/invoke"), &[("content-type", "text/csv")], body.as_bytes())
}

fn unload(server: &Server, name: &str) -> Reply {
    exchange(server.address, format!("DELETE /models/{name} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").as_bytes())
}

fn names(reply: &Value) -> Vec<&str> {
    reply["models"].as_array().unwrap().iter().map(|model| model["modelName"].as_str().unwrap()).collect()
}

#[test]
fn models_are_loaded_listed_asked_and_unloaded() {
    let (base, server) = many(&[], "faulty");
    server.get("/ping").expect_status(200);
    assert_eq!(server.get("/models").expect_status(200).json(), json!({"models": []}));
    base.write("models/one/model/load", "well").write("models/two/model/load", "well");
    load(&server, "one", "one").expect_status(200);
    load(&server, "two.tar.gz", "two").expect_status(200);
    assert_eq!(load(&server, "one", "two").expect_status(409).json()["message"], "model 'one' is loaded already, or being loaded");
    let listed = server.get("/models").expect_status(200).json();
    let wanted = json!({"models": [
        {"modelName": "one", "modelUrl": "/opt/ml/models/one/model"},
        {"modelName": "two.tar.gz", "modelUrl": "/opt/ml/models/two/model"},
    ]});
    assert_eq!(listed, wanted);
    assert_eq!(server.get("/models/one").expect_status(200).json()["modelUrl"], "/opt/ml/models/one/model");
    assert_eq!(server.get("/models/three").expect_status(404).json()["message"], "model 'three' is not loaded");
    let answer = r#"{"predictions":[{"value":[1.0,2.0]}]}"#;
    assert_eq!(ask(&server, "one", "1,2\n").expect_status(200).text(), answer);
    assert_eq!(ask(&server, "two.tar.gz", "1,2\n").expect_status(200).text(), answer);
    ask(&server, "three", "1,2\n").expect_status(404);
    assert!(server.csv("1,2\n").expect_status(400).json()["message"].as_str().unwrap().contains("POST /models/NAME/invoke"));
    unload(&server, "one").expect_status(200);
    unload(&server, "one").expect_status(404);
    ask(&server, "one", "1,2\n").expect_status(404);
    ask(&server, "two.tar.gz", "1,2\n").expect_status(200);
    load(&server, "one", "one").expect_status(200);
    ask(&server, "one", "1,2\n").expect_status(200);
}

#[test]
fn what_cannot_be_loaded_is_told_and_not_listed() {
    let (base, server) = many(&[("SAGEMAKER_STARTUP_TIMEOUT", "1")], "faulty");
    for mode in ["error", "panic", "loop"] {
        base.write(&format!("models/{mode}/model/load"), mode);
    }
    for (body, status, told) in [
        ("{", 400, "the body is no {\"model_name\": ..., \"url\": ...}: "),
        ("{\"model_name\": \"a\"}", 400, "missing field `url`"),
        ("{\"url\": \"/opt/ml/models/a/model\"}", 400, "missing field `model_name`"),
        ("{\"model_name\": \"\", \"url\": \"/opt/ml/models/a/model\"}", 400, "model_name has 0 bytes"),
        ("{\"model_name\": \"a\", \"url\": \"models/a\"}", 400, "url is 'models/a': wanted an absolute path without '..'"),
        ("{\"model_name\": \"a\", \"url\": \"/opt/ml/models/../../etc\"}", 400, "wanted an absolute path without '..'"),
        ("{\"model_name\": \"a\", \"url\": \"/etc\"}", 400, "url is '/etc': not below "),
        ("{\"model_name\": \"a\", \"url\": \"/opt/ml/models/a/model\"}", 404, "there is no such folder"),
        ("{\"model_name\": \"a\", \"url\": \"/opt/ml/models/error/model\"}", 500, "the file load says error"),
        ("{\"model_name\": \"a\", \"url\": \"/opt/ml/models/panic/model\"}", 500, "the file load says panic"),
        ("{\"model_name\": \"a\", \"url\": \"/opt/ml/models/loop/model\"}", 500, "did not return within 1 s"),
    ] {
        let reply = post(server.address, "/models", &[], body.as_bytes()).expect_status(status).json();
        assert!(reply["message"].as_str().unwrap().contains(told), "{body}: {reply}");
    }
    assert_eq!(server.get("/models").json(), json!({"models": []}));
    server.get("/models?limit=x").expect_status(400);
    server.get("/models?limit=0").expect_status(400);
}

#[test]
fn models_are_listed_page_by_page() {
    let (base, server) = many(&[], "faulty");
    base.write("models/a/model/load", "well");
    for number in 0..6 {
        load(&server, &format!("m{number}"), "a").expect_status(200);
    }
    let page = |query: &str| server.get(&format!("/models?{query}")).expect_status(200).json();
    let first = page("limit=3");
    assert_eq!((names(&first), first["nextPageToken"].as_str()), (vec!["m0", "m1", "m2"], Some("m2")));
    let second = page("next_page_token=m2&limit=3");
    // Exactly at the end there is no other page.
    assert_eq!((names(&second), second.get("nextPageToken")), (vec!["m3", "m4", "m5"], None));
    assert_eq!(names(&page("next_page_token=m5")), Vec::<&str>::new());
    assert_eq!(names(&page("")).len(), 6);
}

#[test]
fn a_trap_or_an_error_in_one_model_is_no_harm_to_another() {
    let (base, server) = many(&[("ALGOHOST_INSTANCES", "2"), ("ALGOHOST_REQUEST_TIMEOUT_SECONDS", "1")], "faulty");
    base.write("models/a/model/load", "well");
    for name in ["a", "b"] {
        load(&server, name, "a").expect_status(200);
    }
    for (row, status) in [("2,0\n", 500), ("3,0\n", 504), ("4,0\n", 400), ("5,0\n", 500), ("6,0\n", 500), ("1,x\n", 400)] {
        ask(&server, "a", row).expect_status(status);
        ask(&server, "a", "1,2\n").expect_status(200);
        ask(&server, "b", "1,2\n").expect_status(200);
    }
}

/// A learned model of so many columns, at `models/NAME/model`.
fn learned(base: &Base, name: &str, rows: &str) {
    let job = crate::support::job(&json!({"predictor_type": "binary_classifier", "epochs": "2"}), rows);
    train_guest("linear-learner-rust", &job, 0);
    base.write(&format!("models/{name}/model/model.safetensors"), std::fs::read(job.join("model/model.safetensors")).unwrap());
}

#[test]
fn every_model_answers_with_its_own_weights_however_few_instances_are_kept() {
    let (base, server) = many(&[("ALGOHOST_WARM_INSTANCES", "1")], "linear-learner-rust");
    let rows = |columns: usize| -> String {
        (0..40).map(|row| format!("{}{}\n", row % 2, format!(",{}", (row % 2) * 3 + row % 5).repeat(columns))).collect()
    };
    for columns in 1..4 {
        let name = format!("m{columns}");
        learned(&base, &name, &rows(columns));
        load(&server, &name, &name).expect_status(200);
    }
    for _ in 0..3 {
        for columns in 1..4 {
            let row = |count: usize| format!("1{}\n", ",1".repeat(count - 1));
            ask(&server, &format!("m{columns}"), &row(columns)).expect_status(200);
            ask(&server, &format!("m{columns}"), &row(columns + 1)).expect_status(400);
        }
    }
}

#[test]
fn models_beyond_the_memory_are_refused_until_others_are_gone() {
    let (base, server) = many(&[("ALGOHOST_TENSOR_MB", "1")], "faulty");
    base.write("models/a/model/weights", vec![0; 400 << 10]);
    base.write("models/large/model/weights", vec![0; 2 << 20]);
    let refused = load(&server, "large", "large").expect_status(507).json();
    assert_eq!(refused["message"], "the model's files have 2097152 bytes, 0 of 1048576 bytes are in use by other models");
    // Only what a model opens counts, and this one opens nothing.
    for name in ["a", "b", "c"] {
        load(&server, name, "a").expect_status(200);
    }
    assert_eq!(names(&server.get("/models").json()), ["a", "b", "c"]);
    unload(&server, "a").expect_status(200);
}

/// A learned model at `models/a/model` with so many numbers more, which the algorithm does not ask for: the file is read whole.
fn learned_with_ballast(base: &Base, count: usize) {
    let job = Base::of_sample(&repository().join(SAMPLE));
    train_guest("linear-learner-rust", &job, 0);
    let model = std::fs::read(job.join("model/model.safetensors")).unwrap();
    let length = u64::from_le_bytes(*model.first_chunk::<8>().unwrap()) as usize;
    let mut head: Value = serde_json::from_slice(&model[8..8 + length]).unwrap();
    let data = &model[8 + length..];
    head["ballast"] = json!({"dtype": "F32", "shape": [count], "data_offsets": [data.len(), data.len() + 4 * count]});
    let mut text = head.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let whole = [&(text.len() as u64).to_le_bytes()[..], &text, data, &vec![0; 4 * count]].concat();
    base.write("models/a/model/model.safetensors", whole);
}

const SAMPLE: &str = "guest-examples/linear-learner-rust/samples/breast-cancer";

#[test]
fn memory_of_the_weights_is_counted_and_released() {
    let (base, server) = many(&[("ALGOHOST_TENSOR_MB", "1")], "linear-learner-rust");
    learned_with_ballast(&base, 100_000);
    for name in ["a", "b"] {
        load(&server, name, "a").expect_status(200);
    }
    assert!(server.get("/models/a").json()["modelBytes"].as_u64().unwrap() > 400_000);
    let refused = load(&server, "c", "a").expect_status(507).json();
    assert!(refused["message"].as_str().unwrap().contains("are in use by other models"), "{refused}");
    assert_eq!(names(&server.get("/models").json()), ["a", "b"]);
    unload(&server, "a").expect_status(200);
    load(&server, "c", "a").expect_status(200);
    let request = std::fs::read_to_string(repository().join(SAMPLE).join("request.csv")).unwrap();
    ask(&server, "c", &request).expect_status(200);
}

/// A model may have all the memory that there is, and not a share for each instance, unless a limit for each says less.
#[test]
fn one_model_may_have_all_the_memory_or_as_much_as_each_may() {
    let environment = [("ALGOHOST_INSTANCES", "4"), ("ALGOHOST_TENSOR_MB", "4")];
    let (base, server) = many(&environment, "linear-learner-rust");
    learned_with_ballast(&base, 750_000);
    load(&server, "a", "a").expect_status(200);
    let (base, server) = many(&[&environment[..], &[("ALGOHOST_MODEL_MB", "1")]].concat(), "linear-learner-rust");
    learned_with_ballast(&base, 750_000);
    let refused = load(&server, "a", "a").expect_status(507).json();
    assert!(refused["message"].as_str().unwrap().contains("of the 1048576 granted are in use"), "{refused}");
}

#[test]
fn a_model_is_unloaded_when_its_requests_are_answered() {
    let (base, server) = many(&[("ALGOHOST_INSTANCES", "2")], "faulty");
    base.write("models/a/model/load", "well");
    load(&server, "a", "a").expect_status(200);
    let address = server.address;
    let slow = std::thread::spawn(move || post(address, "/models/a/invoke", &[("content-type", "text/csv")], b"8,0\n"));
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    unload(&server, "a").expect_status(200);
    assert!(begun.elapsed() > Duration::from_millis(50), "it did not wait: {:?}", begun.elapsed());
    slow.join().unwrap().expect_status(200);
    ask(&server, "a", "1,2\n").expect_status(404);
}

/// A model may bring its own code; without any, and without a component of the container, there is none.
#[test]
fn a_model_may_bring_its_own_component() {
    let (base, server) = many(&[], "faulty");
    let echo = std::fs::read(guest("echo-handler")).unwrap();
    base.write("models/own/model/code/handler.wasm", &echo).write("models/a/model/load", "well");
    base.write("models/broken/model/code/handler.wasm", &echo[..1000]);
    load(&server, "own", "own").expect_status(200);
    load(&server, "other", "own").expect_status(200);
    load(&server, "a", "a").expect_status(200);
    load(&server, "broken", "broken").expect_status(500);
    for name in ["own", "other"] {
        let reply = post(server.address, &format!("/models/{name}/invoke"), &[("x-echo-status", "201")], b"\x00\xff").expect_status(201);
        assert_eq!(reply.body, b"\x00\xff");
    }
    ask(&server, "a", "1,2\n").expect_status(200);
}

#[test]
fn one_model_servers_have_no_models_to_load() {
    let base = Base::new();
    let server = Server::start(base.path(), &guest("faulty"), &[]);
    for reply in [server.get("/models"), server.get("/models/a"), load(&server, "a", "a"), ask(&server, "a", "1,2\n"), unload(&server, "a")]
    {
        assert!(reply.expect_status(404).json()["message"].as_str().unwrap().starts_with("no such path; there are GET /ping, POST /invo"));
    }
}
