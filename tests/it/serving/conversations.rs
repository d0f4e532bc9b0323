//! Conversations over a WebSocket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use crate::support::{Server, exchange, post};

const PATH: &str = "/invocations-bidirectional-stream";

/// A conversation from the client's side.
struct Talk(WebSocket<TcpStream>);

impl Talk {
    fn new(server: &Server, headers: &[(&'static str, &str)]) -> Talk {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = format!("ws://{}{PATH}", server.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Talk(tungstenite::client(request, stream).unwrap().0)
    }

    fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    /// The next message that is no ping.
    fn hear(&mut self) -> Message {
        loop {
            match self.0.read().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    fn hear_text(&mut self) -> String {
        self.hear().into_text().unwrap().to_string()
    }

    fn ask(&mut self, text: &str) -> String {
        self.say(text);
        self.hear_text()
    }

    /// With which code the other side closes.
    #[track_caller]
    fn close_code(&mut self) -> CloseCode {
        match self.hear() {
            Message::Close(Some(frame)) => frame.code,
            other => panic!("{other:?} instead of the end"),
        }
    }
}

#[test]
fn messages_go_both_ways_when_either_side_likes() {
    let (_base, server) = Server::streams(&[]);
    let mut talk = Talk::new(&server, &[("x-greeting", "welcome")]);
    assert_eq!(talk.hear_text(), "welcome", "the algorithm may speak first");
    assert_eq!(talk.ask("hello"), "hello");
    talk.0.send(Message::binary(vec![0, 255, 7])).unwrap();
    assert_eq!(talk.hear(), Message::binary(vec![0, 255, 7]));
    talk.say("push 200");
    assert!((0..200).all(|number| talk.hear_text() == number.to_string()));
    // Many are sent before any is heard.
    (0..500).for_each(|number| talk.say(&format!("number-{number}")));
    assert!((0..500).all(|number| talk.hear_text() == format!("number-{number}")));
    assert_eq!(talk.ask("wait 50"), "nothing");
    talk.say("wait 5000");
    assert_eq!(talk.ask("four"), "4 bytes");
    talk.0.send(Message::Ping(vec![1].into())).unwrap();
    assert_eq!(talk.0.read().unwrap(), Message::Pong(vec![1].into()));
    talk.say("bye");
    assert_eq!(talk.close_code(), CloseCode::Normal);
    server.wait_for_streams(0.0);
}

#[test]
fn conversations_are_held_beside_one_another() {
    let (_base, server) = Server::streams(&[("ALGOHOST_INSTANCES", "1"), ("ALGOHOST_MAX_STREAMS", "3")]);
    let mut talks: Vec<Talk> = (0..3).map(|_| Talk::new(&server, &[])).collect();
    for (number, talk) in talks.iter_mut().enumerate() {
        assert_eq!(talk.ask(&format!("i am {number}")), format!("i am {number}"));
    }
    let refused = exchange(server.address, upgrade(LAST).as_bytes()).expect_status(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    talks.pop();
    server.wait_for_streams(2.0);
    assert_eq!(Talk::new(&server, &[]).ask("again"), "again");
}

#[test]
fn a_failure_is_told_before_the_end() {
    let (_base, server) = Server::streams(&[("ALGOHOST_CONVERSATION_SECONDS", "2")]);
    for (command, code, message) in [
        ("fail", "StreamBroken", "told to fail"),
        ("trap", "StreamBroken", "converse: the algorithm panicked: told to panic"),
        ("loop", "ModelInvocationTimeExceeded", "converse: the algorithm did not return within 2 s"),
        ("wait 60000", "ModelInvocationTimeExceeded", "converse: the algorithm did not return within 2 s"),
    ] {
        let mut talk = Talk::new(&server, &[]);
        let told: serde_json::Value = serde_json::from_str(&talk.ask(command)).unwrap();
        assert_eq!(told["ModelStreamError"]["ErrorCode"], code, "{told}");
        assert!(told["ModelStreamError"]["Message"].as_str().unwrap().starts_with(message), "{told}");
        assert_eq!(talk.close_code(), CloseCode::Error);
    }
    assert_eq!(Talk::new(&server, &[]).ask("well"), "well");
}

#[test]
fn what_an_algorithm_cannot_send_is_an_error_that_it_can_handle() {
    let (_base, server) = Server::streams(&[("ALGOHOST_MAX_BODY_MB", "1")]);
    let mut talk = Talk::new(&server, &[]);
    assert_eq!(talk.ask("no-text"), "conversation.send: the text is not UTF-8 from byte 1 on\nSend it as binary");
    let refused = talk.ask("long 1048577");
    assert!(refused.starts_with("conversation.send: the message has 1048577 bytes, at most 1048576 are sent"), "{refused}");
    talk.say("long 1048576");
    assert_eq!(talk.hear().len(), 1_048_576);
    assert_eq!(talk.hear_text(), "sent");
}

#[test]
fn an_algorithm_hears_that_its_client_is_gone() {
    let (_base, server) = Server::streams(&[]);
    let mut talk = Talk::new(&server, &[]);
    talk.ask("hello");
    talk.0.close(None).unwrap();
    assert!(matches!(talk.hear(), Message::Close(_)), "the end is not confirmed");
    server.wait_for_streams(0.0);
    // Gone without a word.
    let mut talk = Talk::new(&server, &[]);
    talk.ask("hello");
    drop(talk);
    server.wait_for_streams(0.0);
    let text = server.get("/metrics").text();
    assert!(text.contains("\nalgohost_traps_total 0\n"), "{text}");
}

#[test]
fn a_server_that_stops_ends_conversations_in_order() {
    let (_base, mut server) = Server::streams(&[]);
    let mut talk = Talk::new(&server, &[]);
    talk.ask("hello");
    server.terminate();
    assert_eq!(talk.hear_text(), "closed", "the algorithm's last word");
    assert_eq!(talk.close_code(), CloseCode::Away);
    drop(talk);
    assert_eq!(server.wait(), 0);
}

#[test]
fn a_conversation_has_its_session() {
    let (_base, server) = Server::streams(&[("SAGEMAKER_ENABLE_STATEFUL_SESSIONS", "true")]);
    let opened = server.invoke(&[], br#"{"requestType": "NEW_SESSION"}"#).expect_status(200);
    let id = opened.header("x-amzn-sagemaker-new-session-id").unwrap().split(';').next().unwrap().to_owned();
    let mut talk = Talk::new(&server, &[("x-amzn-sagemaker-session-id", &id)]);
    assert_eq!(talk.ask("session"), id);
    assert_eq!(talk.ask("remember color blue"), "remembered");
    let mut other = Talk::new(&server, &[("x-amzn-sagemaker-session-id", &id)]);
    assert_eq!(other.ask("recall color"), "blue");
    let refused = exchange(server.address, upgrade(&format!("{LAST}x-amzn-sagemaker-session-id: none\r\n")).as_bytes());
    refused.expect_status(400);
}

/// Ends a connection on which the handshake is refused.
const LAST: &str = "connection: close\r\n";

/// A handshake.
fn upgrade(headers: &str) -> String {
    format!(
        "GET {PATH} HTTP/1.1\r\nhost: t\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

#[test]
fn what_is_no_conversation_is_refused() {
    let (_base, talking) = Server::streams(&[]);
    talking.get(PATH).expect_status(400);
    post(talking.address, PATH, &[], b"hello").expect_status(405);
    let old = upgrade(LAST).replace("version: 13", "version: 8");
    exchange(talking.address, old.as_bytes()).expect_status(400);
    let (_base, silent) = Server::faulty(&[]);
    let refused = exchange(silent.address, upgrade(LAST).as_bytes()).expect_status(404);
    assert!(refused.text().contains("exports no conversation-handler"), "{}", refused.text());
}

/// A frame as a client sends it: its first byte, a mask of zeros, its payload.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        middle @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[test]
fn abuse_ends_one_conversation_and_nothing_else() {
    let (_base, server) = Server::streams(&[("ALGOHOST_MAX_BODY_MB", "1"), ("ALGOHOST_IDLE_SECONDS", "3")]);
    let mut well = Talk::new(&server, &[]);
    well.ask("hello");
    let unmasked = vec![0x81, 5, b'h', b'e', b'l', b'l', b'o'];
    let announced = [&[0x82, 0xFF][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let long_ping = frame(0x89, &[0; 200]);
    let endless = [frame(0x02, &[7; 60_000]), frame(0x00, &[7; 60_000]).repeat(30)].concat();
    for (what, bytes) in [
        ("no mask", unmasked),
        ("reserved bits", frame(0xF1, b"x")),
        ("an unknown opcode", frame(0x83, b"x")),
        ("text that is no text", frame(0x81, &[0xFF, 0xFE])),
        ("a ping that is too long", long_ping),
        ("a continuation of nothing", frame(0x80, b"x")),
        ("a length beyond everything", announced),
        ("a message beyond the limit", frame(0x82, &vec![0; 1_048_577])),
        ("a message in endless parts", endless),
        ("a close with half a code", frame(0x88, &[3])),
        ("what is no frame at all", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(upgrade("").as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        // The other side may close before it has read all.
        let _ = stream.write_all(&bytes);
        let mut rest = Vec::new();
        let begun = Instant::now();
        let _ = stream.read_to_end(&mut rest);
        assert!(begun.elapsed() < Duration::from_secs(10), "{what} keeps the connection open");
        assert_eq!(well.ask(what), what);
    }
    server.wait_for_streams(1.0);
    // A flood of pings, from one who never reads the answers.
    let mut deaf = TcpStream::connect(server.address).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    deaf.write_all(upgrade("").as_bytes()).unwrap();
    let pings = frame(0x89, &[7; 125]).repeat(1000);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) && deaf.write_all(&pings).is_ok() {}
    assert_eq!(well.ask("hello"), "hello");
    // One who lets the algorithm speak and never listens.
    deaf = TcpStream::connect(server.address).unwrap();
    deaf.write_all(upgrade("").as_bytes()).unwrap();
    deaf.write_all(&frame(0x81, b"push 4000000")).unwrap();
    server.wait_for_streams(1.0);
    assert_eq!(well.ask("hello"), "hello");
    drop(deaf);
    well.say("bye");
    assert_eq!(well.close_code(), CloseCode::Normal);
}
