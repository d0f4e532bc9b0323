//! Conversations: binary messages come back, and text says what is done.

use crate::algohost::ml::streams::{Conversation, Message, MessageKind};
use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::conversation_handler::{Guest, Request};
use crate::{Streams, command, error, loop_for_ever, memory};

impl Guest for Streams {
    fn load() -> Result<(), Error> {
        Ok(())
    }

    fn converse(request: Request, conversation: Conversation) -> Result<(), Error> {
        let greeting = request.headers.iter().find(|(name, _)| name == "x-greeting");
        if let Some((_, greeting)) = greeting {
            say(&conversation, greeting)?;
        }
        while let Some(message) = conversation.receive()? {
            match message.kind {
                MessageKind::Binary => conversation.send(&message)?,
                MessageKind::Text if !obey(&conversation, &message.payload)? => return Ok(()),
                MessageKind::Text => {}
            }
        }
        // The client is gone, or the server stops; then there is somebody who hears this.
        let _ = say(&conversation, if conversation.is_closed() { "closed" } else { "not closed" });
        Ok(())
    }
}

/// Whether the conversation goes on.
fn obey(conversation: &Conversation, text: &[u8]) -> Result<bool, Error> {
    let text = String::from_utf8_lossy(text).into_owned();
    let (name, numbers) = command(&text);
    let number = numbers.first().copied().unwrap_or(0);
    match name {
        "bye" => return Ok(false),
        "fail" => return Err(error("told to fail")),
        "trap" => panic!("told to panic"),
        "loop" => loop_for_ever(),
        "push" => (0..number).try_for_each(|part| say(conversation, &part.to_string()))?,
        "wait" => {
            let message = conversation.receive_within(number)?;
            say(conversation, &message.map_or("nothing".to_owned(), |message| format!("{} bytes", message.payload.len())))?;
        }
        "sleep" => std::thread::sleep(std::time::Duration::from_millis(number.into())),
        "long" => {
            let refused = conversation.send(&Message { kind: MessageKind::Binary, payload: vec![0; number as usize] });
            say(conversation, &refused.map_or_else(|error| error.message, |()| "sent".to_owned()))?;
        }
        "no-text" => {
            let refused = conversation.send(&Message { kind: MessageKind::Text, payload: vec![b'a', 0xFF] });
            say(conversation, &refused.map_or_else(|error| error.message, |()| "sent".to_owned()))?;
        }
        _ => match memory::run(&text) {
            Some(said) => say(conversation, &said?)?,
            None => say(conversation, &text)?,
        },
    }
    Ok(true)
}

fn say(conversation: &Conversation, text: &str) -> Result<(), Error> {
    conversation.send(&Message { kind: MessageKind::Text, payload: text.as_bytes().to_vec() })
}
