//! What is remembered of a session.

use crate::algohost::ml::sessions;
use crate::algohost::ml::types::Error;

/// Obeys a command about the session; none for any other.
pub(crate) fn run(text: &str) -> Option<Result<String, Error>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(match words[..] {
        ["session"] => Ok(sessions::current().unwrap_or_else(|| "none".to_owned())),
        ["remember", name, value] => sessions::set(name, value.as_bytes()).map(|()| "remembered".to_owned()),
        ["fill", name, bytes] => sessions::set(name, &vec![0; bytes.parse().unwrap_or(0)]).map(|()| "filled".to_owned()),
        ["recall", name] => {
            sessions::get(name).map(|value| value.map_or("nothing".to_owned(), |value| String::from_utf8_lossy(&value).into_owned()))
        }
        ["forget", name] => sessions::remove(name).map(|()| "forgotten".to_owned()),
        _ => return None,
    })
}
