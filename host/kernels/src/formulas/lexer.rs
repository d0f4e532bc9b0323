//! Text to tokens, and the marks under the characters that are wrong.

use crate::error::{Error, Result};

/// The longest formula, in bytes.
pub(super) const MAX_TEXT: usize = 8192;

/// Characters shown before and after the mark of an error.
const SHOWN: usize = 50;

/// What a stretch of the formula is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    Number(f64),
    Name(&'t str),
    Symbol(&'static str),
    End,
}

impl std::fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Number(value) => write!(f, "{value}"),
            Token::Name(name) => write!(f, "'{name}'"),
            Token::Symbol(symbol) => write!(f, "'{symbol}'"),
            Token::End => f.write_str("the end"),
        }
    }
}

/// Longer symbols before their beginnings.
const SYMBOLS: [&str; 15] = ["<=", ">=", "==", "!=", "+", "-", "*", "/", "^", "<", ">", "(", ")", ",", "**"];

/// Reads tokens one after the other.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// The next token and the byte where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize)> {
        let rest = self.text[self.at..].trim_ascii_start();
        let start = self.text.len() - rest.len();
        let Some(&first) = rest.as_bytes().first() else {
            self.at = start;
            return Ok((Token::End, start));
        };
        if first.is_ascii_digit() || (first == b'.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)) {
            let length = number_length(rest.as_bytes());
            self.at = start + length;
            return match rest[..length].parse::<f64>() {
                Ok(value) if value.is_finite() => Ok((Token::Number(value), start)),
                _ => Err(marked(self.text, start, "the number is too large; the largest is about 1.8e308")),
            };
        }
        if first.is_ascii_alphabetic() || first == b'_' {
            let name = &rest[..rest.bytes().take_while(|&byte| is_name_byte(byte)).count()];
            self.at = start + name.len();
            return Ok((Token::Name(name), start));
        }
        if rest.starts_with("**") {
            return Err(marked(self.text, start, "a power is written '^', not '**'"));
        }
        let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) else {
            return Err(marked(self.text, start, &unknown(rest)));
        };
        self.at = start + symbol.len();
        Ok((Token::Symbol(symbol), start))
    }
}

fn unknown(rest: &str) -> String {
    match rest.chars().next() {
        Some('=') => "a comparison is written '==', and a formula assigns nothing".to_string(),
        Some('&') => "write 'and'".to_string(),
        Some('|') => "write 'or'; an absolute value is abs(x)".to_string(),
        Some('!') => "write 'not', or '!=' for a comparison".to_string(),
        Some(other) => format!("unknown character '{}'", other.escape_debug()),
        None => "unexpected end".to_string(),
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes of the number that `text` begins with: digits, a fraction, an exponent.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if text.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits((length + 1 + sign).min(text.len()));
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// Whether a name can stand in a formula.
pub(super) fn is_name(name: &str) -> bool {
    name.bytes().all(is_name_byte) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// An error of `compile` about the character of `text` that begins at byte `at`: `what` begins the sentence.
pub(super) fn marked(text: &str, at: usize, what: &str) -> Error {
    marked_with(text, at, what, "")
}

/// As [`marked`], with more to say after the position.
pub(super) fn marked_with(text: &str, at: usize, what: &str, more: &str) -> Error {
    let position = text[..at].chars().count();
    let first = position.saturating_sub(SHOWN);
    let mut shown: String = text.chars().skip(first).take(position - first + SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut indent = position - first;
    if first > 0 {
        shown.insert_str(0, "... ");
        indent += 4;
    }
    if text.chars().count() > position + SHOWN {
        shown.push_str(" ...");
    }
    let (shown, mark) = (shown.trim_end(), " ".repeat(indent));
    Error::bad(format!("compile: {what} at character {}{more}\n    {shown}\n    {mark}^", position + 1))
}
