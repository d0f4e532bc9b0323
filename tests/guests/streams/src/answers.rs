//! Answers: the body of a request says what is sent.

use std::cell::Cell;
use std::thread::sleep;
use std::time::Duration;

use crate::algohost::ml::streams::AnswerWriter;
use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::stream_handler::{Guest, Request};
use crate::{Streams, command, error, loop_for_ever, memory};

thread_local! {
    /// A handle of an earlier call, as guests with a garbage collector leave them behind.
    static KEPT: Cell<Option<AnswerWriter>> = const { Cell::new(None) };
}

impl Guest for Streams {
    fn load() -> Result<(), Error> {
        Ok(())
    }

    fn handle_stream(request: Request, answer: AnswerWriter) -> Result<(), Error> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let (name, numbers) = command(&text);
        let number = |place: usize| numbers.get(place).copied().unwrap_or(0);
        match name {
            "count" => count(&answer, number(0), number(1)),
            "head" => {
                answer.begin(number(0) as u16, &[("x-part".to_owned(), "first".to_owned())])?;
                answer.write(b"done")
            }
            "bad-head" => {
                answer.begin(200, &[("x-part".to_owned(), "two\nlines".to_owned())])?;
                answer.write(b"done")
            }
            "begin-twice" => {
                answer.begin(200, &[])?;
                let second = answer.begin(200, &[]).unwrap_err();
                answer.write(second.message.as_bytes())
            }
            "nothing" => Ok(()),
            "fail" => Err(error("told to fail")),
            "fail-after" => count(&answer, number(0), 0).and(Err(error("told to fail"))),
            "trap-after" => {
                count(&answer, number(0), 0)?;
                panic!("told to panic")
            }
            "loop-after" => {
                count(&answer, number(0), 0)?;
                loop_for_ever()
            }
            "big" => answer.write(&vec![b'x'; number(0) as usize]),
            "ignore" => loop {
                let _ = answer.write(b"again");
            },
            "drop" => {
                answer.write(b"before")?;
                drop(answer);
                Ok(())
            }
            "keep" => {
                answer.write(b"kept")?;
                KEPT.set(Some(answer));
                Ok(())
            }
            "use-kept" => {
                let kept = KEPT.take().ok_or_else(|| error("nothing is kept"))?;
                let refused = kept.write(b"of an earlier call").unwrap_err();
                drop(kept);
                answer.write(refused.message.as_bytes())
            }
            _ => match memory::run(&text) {
                Some(said) => answer.write(said?.as_bytes()),
                None => Err(error("no such command")),
            },
        }
    }
}

fn count(answer: &AnswerWriter, parts: u32, milliseconds: u32) -> Result<(), Error> {
    for part in 0..parts {
        if part > 0 {
            sleep(Duration::from_millis(milliseconds.into()));
        }
        answer.write(format!("{part}\n").as_bytes())?;
    }
    Ok(())
}
