//! `streams`: answers part by part, and conversations.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Resource;

use crate::failure::{Code, Failure};
use crate::wasm::bindings::algohost::ml::streams::{self as wit, Host, HostAnswerWriter, HostConversation, MessageKind};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::streams::{AnswerWriter, Conversation, Message};

impl Host for Guest {}

impl HostAnswerWriter for Guest {
    fn begin(&mut self, writer: Resource<AnswerWriter>, status: u16, headers: Vec<(String, String)>) -> Result<(), ImportError> {
        let deadline = Arc::clone(&self.deadline);
        Ok(self.answer_writer.get_mut(writer.rep())?.begin(status, headers, &deadline)?)
    }

    fn write(&mut self, writer: Resource<AnswerWriter>, part: Vec<u8>) -> Result<(), ImportError> {
        let deadline = Arc::clone(&self.deadline);
        Ok(self.answer_writer.get_mut(writer.rep())?.write(part, &deadline)?)
    }

    fn drop(&mut self, writer: Resource<AnswerWriter>) -> wasmtime::Result<()> {
        self.answer_writer.remove(writer.rep());
        Ok(())
    }
}

impl HostConversation for Guest {
    fn receive(&mut self, conversation: Resource<Conversation>) -> Result<Option<wit::Message>, ImportError> {
        let deadline = Arc::clone(&self.deadline);
        Ok(self.conversation.get_mut(conversation.rep())?.receive(&deadline)?.map(to_wit))
    }

    fn receive_within(&mut self, conversation: Resource<Conversation>, milliseconds: u32) -> Result<Option<wit::Message>, ImportError> {
        let deadline = Arc::clone(&self.deadline);
        let time = Duration::from_millis(milliseconds.into());
        Ok(self.conversation.get_mut(conversation.rep())?.receive_within(time, &deadline)?.map(to_wit))
    }

    fn is_closed(&mut self, conversation: Resource<Conversation>) -> wasmtime::Result<bool> {
        Ok(self.conversation.get_mut(conversation.rep()).map_or(true, |conversation| conversation.is_closed()))
    }

    fn send(&mut self, conversation: Resource<Conversation>, message: wit::Message) -> Result<(), ImportError> {
        let deadline = Arc::clone(&self.deadline);
        let message = from_wit(message)?;
        Ok(self.conversation.get_mut(conversation.rep())?.send(message, &deadline)?)
    }

    fn drop(&mut self, conversation: Resource<Conversation>) -> wasmtime::Result<()> {
        self.conversation.remove(conversation.rep());
        Ok(())
    }
}

fn to_wit(message: Message) -> wit::Message {
    match message {
        Message::Text(text) => wit::Message { kind: MessageKind::Text, payload: text.into_bytes() },
        Message::Binary(bytes) => wit::Message { kind: MessageKind::Binary, payload: bytes.into() },
    }
}

fn from_wit(message: wit::Message) -> Result<Message, Failure> {
    match message.kind {
        MessageKind::Binary => Ok(Message::Binary(message.payload.into())),
        MessageKind::Text => String::from_utf8(message.payload).map(Message::Text).map_err(|error| {
            let what = format!("conversation.send: the text is not UTF-8 from byte {} on", error.utf8_error().valid_up_to());
            Failure::new(Code::BadOperation, what).help("Send it as binary")
        }),
    }
}
