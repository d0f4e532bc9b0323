//! Stateful sessions.

use std::time::Duration;

use crate::support::{Base, Reply, Server, guest, post};

const ON: (&str, &str) = ("SAGEMAKER_ENABLE_STATEFUL_SESSIONS", "true");
const ID: &str = "x-amzn-sagemaker-session-id";

/// Opens a session, and gives its id.
#[track_caller]
fn open(server: &Server) -> String {
    let reply = server.invoke(&[(ID, "NEW_SESSION")], br#"{"requestType": "NEW_SESSION"}"#).expect_status(200);
    let told = reply.header("x-amzn-sagemaker-new-session-id").unwrap().to_owned();
    let (id, end) = told.split_once("; Expires=").unwrap();
    assert!(id.len() == 36 && end.len() == 20 && end.ends_with('Z'), "{told}");
    id.to_owned()
}

/// What the algorithm answers in a session.
fn ask(server: &Server, id: &str, command: &str) -> Reply {
    server.invoke(&[(ID, id)], command.as_bytes())
}

/// The text of an answer in one chunk.
#[track_caller]
fn said(reply: Reply) -> String {
    let text = reply.expect_status(200).text();
    text.split("\r\n").nth(1).unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn a_session_remembers_and_no_other_sees_it() {
    let (_base, server) = Server::streams(&[ON]);
    let (first, second) = (open(&server), open(&server));
    assert_ne!(first, second);
    assert_eq!(said(ask(&server, &first, "session")), first);
    assert_eq!(said(ask(&server, &first, "remember color blue")), "remembered");
    assert_eq!(said(ask(&server, &second, "remember color red")), "remembered");
    // Whichever instance answers.
    for _ in 0..4 {
        assert_eq!(said(ask(&server, &first, "recall color")), "blue");
        assert_eq!(said(ask(&server, &second, "recall color")), "red");
    }
    assert_eq!(said(ask(&server, &first, "forget color")), "forgotten");
    assert_eq!(said(ask(&server, &first, "recall color")), "nothing");
    // Without a session there is nothing to remember.
    assert_eq!(said(server.invoke(&[], b"session")), "none");
    let refused = server.invoke(&[], b"recall color").expect_status(500);
    assert_eq!(refused.json()["message"], "the request belongs to no session");
}

#[test]
fn a_session_ends_when_it_is_closed_or_over() {
    let (_base, server) = Server::streams(&[ON, ("SAGEMAKER_SESSIONS_EXPIRATION", "2")]);
    let (closed, over) = (open(&server), open(&server));
    let reply = ask(&server, &closed, r#"{"requestType": "CLOSE"}"#).expect_status(200);
    assert_eq!(reply.header("x-amzn-sagemaker-closed-session-id"), Some(closed.as_str()));
    ask(&server, &closed, "session").expect_status(400);
    ask(&server, &closed, r#"{"requestType": "CLOSE"}"#).expect_status(424);
    assert_eq!(said(ask(&server, &over, "session")), over);
    std::thread::sleep(Duration::from_millis(2500));
    let refused = ask(&server, &over, "session").expect_status(400);
    assert!(refused.text().contains("names no session that is open"), "{}", refused.text());
    ask(&server, "../../etc/passwd", "session").expect_status(400);
    let nameless = server.invoke(&[], br#"{"requestType": "CLOSE"}"#).expect_status(400);
    assert!(nameless.text().contains("which session should be closed?"), "{}", nameless.text());
}

#[test]
fn sessions_keep_no_more_than_they_may() {
    let (_base, server) = Server::streams(&[ON, ("ALGOHOST_SESSION_MB", "1")]);
    let (first, second) = (open(&server), open(&server));
    assert_eq!(said(ask(&server, &first, "fill a 700000")), "filled");
    let refused = ask(&server, &second, "fill a 700000").expect_status(507);
    assert!(refused.text().contains("sessions hold 700"), "{}", refused.text());
    // A value that takes the place of another, a refused one, and a session that ends.
    assert_eq!(said(ask(&server, &first, "fill a 900000")), "filled");
    ask(&server, &first, "fill a 1100000").expect_status(507);
    assert_eq!(said(ask(&server, &first, "fill a 300000")), "filled");
    assert_eq!(said(ask(&server, &second, "fill a 600000")), "filled");
    ask(&server, &second, r#"{"requestType": "CLOSE"}"#).expect_status(200);
    assert_eq!(said(ask(&server, &first, "fill b 600000")), "filled");
    // Opening sessions uses the same room up.
    let mut last = 200;
    for _ in 0..10_000 {
        last = server.invoke(&[], br#"{"requestType": "NEW_SESSION"}"#).status;
        if last != 200 {
            break;
        }
    }
    assert_eq!(last, 503);
}

#[test]
fn where_sessions_are_off_such_requests_are_the_algorithms() {
    let (_base, server) = Server::streams(&[]);
    let reply = server.invoke(&[], br#"{"requestType": "NEW_SESSION"}"#).expect_status(400);
    assert_eq!(reply.json()["message"], "no such command");
    assert_eq!(said(ask(&server, "mine", "session")), "none");
}

#[test]
fn a_session_is_one_models() {
    let base = Base::new();
    base.write("models/a/model/nothing", "");
    let server = Server::start(base.path(), &guest("streams"), &[ON, ("SAGEMAKER_MULTI_MODEL", "true")]);
    for name in ["a", "b"] {
        let body = format!(r#"{{"model_name": "{name}", "url": "/opt/ml/models/a/model"}}"#);
        post(server.address, "/models", &[], body.as_bytes()).expect_status(200);
    }
    let ask =
        |model: &str, id: &str, command: &str| post(server.address, &format!("/models/{model}/invoke"), &[(ID, id)], command.as_bytes());
    let opened = ask("a", "NEW_SESSION", r#"{"requestType": "NEW_SESSION"}"#).expect_status(200);
    let id = opened.header("x-amzn-sagemaker-new-session-id").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(said(ask("a", &id, "remember color blue")), "remembered");
    ask("b", &id, "recall color").expect_status(400);
    ask("b", &id, r#"{"requestType": "CLOSE"}"#).expect_status(424);
    assert_eq!(said(ask("a", &id, "recall color")), "blue");
}
