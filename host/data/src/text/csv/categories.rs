//! Columns of text: each cell becomes the place of its text in a list, counted from 0; an empty one is NaN as everywhere.
//!
//! A text may stand in double quotes, and then hold delimiters, and quotes written twice; no line ends.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::super::batch::Number;
use super::super::super::fault::{Fault, Wrong, quote};
use super::super::cursor::Cursor;
use super::Csv;
use algohost_failure::Failure;

/// Most texts of a column, and bytes of one of them.
const MOST: usize = 10_000;
const LONGEST: usize = 1024;

/// Which columns of a table are text, by their number from 1, labels included, and the texts in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(Arc<BTreeMap<usize, Column>>);

/// The texts of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    /// In the order of their numbers.
    Known(Vec<String>),
    /// Those that occur, in the order of their bytes.
    Learned,
}

impl Categories {
    /// From a JSON object: for each column its texts, or `"learn"`.
    ///
    /// # Errors
    /// Invalid input for anything else, and for lists that are too long or have a text twice.
    pub(in super::super::super) fn from_json(value: &Value) -> Result<Categories, Failure> {
        let wrong = |what: String| Failure::user(format!("channel option categories: {what}"));
        let Value::Object(object) = value else {
            return Err(wrong("no object of columns".to_owned()));
        };
        let mut columns = BTreeMap::new();
        for (name, texts) in object {
            let number = name.parse().ok().filter(|&number: &usize| number > 0 && !name.starts_with(['+', '0']));
            let number = number.ok_or_else(|| wrong(format!("{} is no number of a column, counted from 1", quote(name.as_bytes()))))?;
            let column = column(texts).map_err(|what| wrong(format!("column {number}: {what}")))?;
            columns.insert(number, column);
        }
        Ok(Categories(Arc::new(columns)))
    }

    /// As a JSON object, as the option is written.
    pub fn to_json(&self) -> String {
        let columns = self.0.iter().map(|(number, column)| {
            let texts = match column {
                Column::Known(texts) => Value::from(texts.clone()),
                Column::Learned => Value::from("learn"),
            };
            (number.to_string(), texts)
        });
        Value::Object(columns.collect::<Map<_, _>>()).to_string()
    }

    /// Whether no column is text.
    pub(in super::super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns whose texts are to be learned, counted from 0.
    pub(in super::super) fn learned(&self) -> Vec<usize> {
        self.0.iter().filter(|(_, column)| **column == Column::Learned).map(|(number, _)| number - 1).collect()
    }

    /// The same, with the texts that were found in those columns.
    pub(in super::super) fn with(&self, found: Vec<(usize, Vec<String>)>) -> Categories {
        let mut columns = (*self.0).clone();
        columns.extend(found.into_iter().map(|(column, texts)| (column + 1, Column::Known(texts))));
        Categories(Arc::new(columns))
    }

    /// The number of the last column that is text.
    pub(in super::super) fn last(&self) -> usize {
        self.0.last_key_value().map_or(0, |(number, _)| *number)
    }
}

fn column(value: &Value) -> Result<Column, String> {
    let Value::Array(values) = value else {
        return if value == "learn" { Ok(Column::Learned) } else { Err(r#"neither a list of texts nor "learn""#.to_owned()) };
    };
    let texts = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
    let texts = texts.ok_or("not only texts are in the list")?;
    if texts.len() > MOST {
        return Err(format!("{} texts, at most {MOST} are possible", texts.len()));
    }
    let mut seen = BTreeSet::new();
    match texts.iter().find(|text| !seen.insert(text.as_str())) {
        Some(twice) => Err(format!("{} is in the list twice", quote(twice.as_bytes()))),
        None => Ok(Column::Known(texts)),
    }
}

/// The texts that occur in a column.
type Found = BTreeSet<Box<[u8]>>;

/// For each column that is text, the numbers of its texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Texts(Vec<Option<HashMap<Box<[u8]>, u32>>>);

impl Texts {
    pub(super) fn new(categories: &Categories, cells: usize) -> Texts {
        let numbers = |texts: &[String]| texts.iter().zip(0..).map(|(text, number)| (text.as_bytes().into(), number)).collect();
        let of = |cell: usize| match categories.0.get(&(cell + 1)) {
            Some(Column::Known(texts)) => Some(numbers(texts)),
            _ => None,
        };
        Texts((0..cells).map(of).collect())
    }
}

impl Csv {
    /// Decodes a row some of whose cells are text, as [`Csv::decode_row`] does others.
    pub(super) fn decode_row_with<T: Number>(&self, texts: &Texts, cursor: &mut Cursor<'_>, parts: [&mut [T]; 3]) -> Result<(), Fault> {
        let (text, start, mut more) = (cursor.text, cursor.at, true);
        let mut columns = texts.0.iter().enumerate();
        for slot in parts.into_iter().flatten() {
            let at = cursor.at;
            let Some((column, known)) = columns.next().filter(|_| more) else {
                return Err(self.wrong_row(text, start, None));
            };
            let border;
            (*slot, border) = match known {
                None => {
                    let border = cursor.next_border();
                    (super::cell(text, at, border).ok_or_else(|| self.wrong_row(text, start, Some(at)))?, border)
                }
                Some(known) => {
                    let (word, border) = self.text_cell(text, at);
                    let number = match &word {
                        None => T::MISSING,
                        Some(word) => T::from_f64(f64::from(*known.get(&**word).ok_or_else(|| unknown(start, column, word, known.len()))?)),
                    };
                    (number, border)
                }
            };
            (cursor.at, more) = self.pass_delimiter(text, border);
            cursor.seek(cursor.at);
        }
        if more { Err(self.wrong_row(text, start, None)) } else { Ok(()) }
    }

    /// The texts in some columns of whole lines: their number of rows, and what is in each of the columns.
    pub(in super::super) fn texts_in(&self, text: &[u8], columns: &[usize]) -> Result<(usize, Vec<Found>), Fault> {
        let mut found = vec![BTreeSet::new(); columns.len()];
        let (mut at, mut rows) = (self.skip_blanks(text, 0), 0);
        while at < text.len() {
            let (start, mut column, mut more) = (at, 0, true);
            while more {
                let (word, border) = self.text_cell(text, at);
                if let Some(place) = columns.iter().position(|&wanted| wanted == column)
                    && let Some(word) = word
                {
                    self.keep(&mut found[place], &word)
                        .map_err(|what| Fault { at: start, wrong: Wrong::Row(format!("column {}: {what}", column + 1)) })?;
                }
                (at, more) = self.pass_delimiter(text, border);
                column += 1;
            }
            rows += 1;
            at = self.skip_blanks(text, at);
        }
        Ok((rows, found))
    }

    fn keep(&self, found: &mut Found, word: &[u8]) -> Result<(), String> {
        if found.contains(word) {
            return Ok(());
        }
        if word.len() > LONGEST {
            return Err(format!("a text of {} bytes, at most {LONGEST} are possible", word.len()));
        }
        if std::str::from_utf8(word).is_err() {
            return Err(format!("{} is no UTF-8", quote(word)));
        }
        if found.len() >= MOST {
            return Err(format!("more than {MOST} different texts"));
        }
        found.insert(word.into());
        Ok(())
    }

    /// The text in the cell that begins at `at`, none if it is empty, and the place of the border behind it.
    fn text_cell<'a>(&self, text: &'a [u8], at: usize) -> (Option<Cow<'a, [u8]>>, usize) {
        let border = self.end_of_cell(text, at);
        let cell = text[at..border].trim_ascii();
        let word = match cell {
            [b'"', inner @ .., b'"'] if inner.contains(&b'"') => Cow::Owned(without_doubled_quotes(inner)),
            [b'"', inner @ .., b'"'] => Cow::Borrowed(inner),
            [] => return (None, border),
            _ => Cow::Borrowed(cell),
        };
        (Some(word), border)
    }

    /// The place behind the closing quote of a cell that begins at `at` with an opening one; none without both in its line.
    pub(super) fn end_of_quotes(&self, text: &[u8], at: usize) -> Option<usize> {
        let blanks = text[at..].iter().take_while(|&&byte| byte != self.end && self.is_blank(byte)).count();
        let mut at = at + blanks;
        if text.get(at) != Some(&b'"') {
            return None;
        }
        loop {
            at += 1;
            match text.get(at)? {
                b'"' if text.get(at + 1) == Some(&b'"') => at += 1,
                b'"' => return Some(at + 1),
                byte if *byte == self.end => return None,
                _ => {}
            }
        }
    }
}

/// The text with one quote for each two.
fn without_doubled_quotes(text: &[u8]) -> Vec<u8> {
    let mut single = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        single.push(byte);
        if byte == b'"' && bytes.as_slice().first() == Some(&b'"') {
            bytes.next();
        }
    }
    single
}

fn unknown(start: usize, column: usize, word: &[u8], count: usize) -> Fault {
    let what = format!(
        "column {} is {}, none of its {}",
        column + 1,
        quote(word),
        if count == 1 { "1 category".to_owned() } else { format!("{count} categories") }
    );
    Fault { at: start, wrong: Wrong::Row(what) }
}
