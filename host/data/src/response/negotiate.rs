//! Which format a client wants, after RFC 9110, section 12.5.1.

use anyhow::Result;

use super::super::content_type::Format;
use super::super::fault::quote;
use algohost_failure::{Code, Failure};

/// The formats that answers are written in.
const WRITTEN: [Format; 5] = [Format::Json, Format::Csv, Format::JsonLines, Format::RecordIo, Format::Npy];

/// One element of an Accept header.
struct Range<'a> {
    media_type: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    /// Parameters other than the quality say nothing here. A quality that is no number counts as none.
    fn parse(text: &'a str) -> Range<'a> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.and_then(|quality| quality.trim().parse::<f32>().ok()).filter(|quality| quality.is_finite());
        Range { media_type, quality: quality.unwrap_or(1.0) }
    }

    /// How closely it names a format: not at all, as one of all, as one of its kind, or itself.
    fn closeness(&self, format: Format) -> u8 {
        let media_type = self.media_type.to_ascii_lowercase();
        if Format::of_media_type(&media_type) == Some(format) {
            return 3;
        }
        match media_type.split_once('/') {
            Some(("*", "*")) => 1,
            Some((kind, "*")) if format.media_type().split('/').next() == Some(kind) => 2,
            _ => u8::from(media_type == "*"),
        }
    }
}

/// The format for an answer: the one with the highest quality in the Accept header, of several the one that stands first in it. What
/// only a wildcard names is `default` where possible, and so is everything when the header is missing or empty. It does not look at the
/// answer, so that it can be asked before the work is done.
///
/// # Errors
/// Not acceptable, naming what can be written.
pub fn negotiate(accept: &str, default: Format) -> Result<Format> {
    // Most clients name one type, as it is written here.
    if let Some(format) = Format::of_media_type(accept).filter(|format| WRITTEN.contains(format)) {
        return Ok(format);
    }
    let ranges: Vec<_> = accept.split(',').map(Range::parse).filter(|range| !range.media_type.is_empty()).collect();
    if ranges.is_empty() {
        return Ok(default);
    }
    let mut best: Option<(f32, usize, Format)> = None;
    for format in std::iter::once(default).chain(WRITTEN) {
        // The closest range decides, of equally close ones the first.
        let closest = ranges.iter().enumerate().rev().max_by_key(|(_, range)| range.closeness(format));
        let Some((place, range)) = closest.filter(|(_, range)| range.closeness(format) > 0 && range.quality > 0.0) else {
            continue;
        };
        let is_better = best.is_none_or(|(quality, first, _)| range.quality > quality || (range.quality == quality && place < first));
        if is_better {
            best = Some((range.quality, place, format));
        }
    }
    match best {
        Some((_, _, format)) => Ok(format),
        None => {
            let what = format!("answer: none of the accepted types {} can be written", quote(accept.as_bytes()));
            let written: Vec<_> = WRITTEN.iter().map(|format| format.media_type()).collect();
            Err(Failure::new(Code::NotAcceptable, what).help(format!("can be written: {}", written.join(", "))).into())
        }
    }
}
