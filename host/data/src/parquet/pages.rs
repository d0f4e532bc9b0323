//! The pages of a column in a row group, unpacked one by one for the `parquet` crate's decoders.
//!
//! What a header claims is held against the bytes that are there before anything is made of it, and what a page unpacks to is charged to
//! the budget first. In memory are a dictionary, a page, and while the next one is unpacked, that too.

use std::sync::Arc;

use ::parquet::basic::Encoding;
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::{ParquetError, Result};
use algohost_kernels::{Charge, Context};
use bytes::Bytes;

use super::super::files::{Excerpt, Source};
use super::codec::Codec;
use super::footer::Chunk;
use super::page::{self, Header, Kind, encoding_name, is_encoding_of};
use super::schema::{Column, Physical};
use super::thrift::Fault;
use algohost_failure::{Code, Failure};

/// Bytes that a header is first looked for in, and at most.
const HEADER_GUESS: usize = 256;
const HEADER_MOST: usize = 1 << 20;

/// Reads pages from the front to the end of a chunk.
pub(super) struct Pages {
    context: Context,
    file: Arc<Source>,
    codec: Codec,
    physical: Physical,
    length: usize,
    optional: bool,
    /// The next page's header begins here.
    at: u64,
    end: u64,
    /// Rows that no page was found for yet.
    rows_left: u64,
    has_dictionary: bool,
    next: Option<Header>,
    /// For the dictionary and for the last page.
    charges: [Option<Charge>; 2],
}

impl Pages {
    /// The pages of a chunk that has so many rows.
    ///
    /// # Errors
    /// The end of a sentence about the column.
    pub(super) fn new(
        context: &Context,
        file: &Arc<Source>,
        column: &Column,
        chunk: &Chunk,
        rows: u64,
    ) -> std::result::Result<Pages, String> {
        Ok(Pages {
            context: context.clone(),
            file: file.clone(),
            codec: Codec::of(chunk.codec)?,
            physical: column.physical,
            length: column.length,
            optional: column.optional,
            at: chunk.start,
            end: chunk.start + chunk.bytes,
            rows_left: rows,
            has_dictionary: false,
            next: None,
            charges: [None, None],
        })
    }

    /// The header of the next page that is needed; none at the end.
    fn peek(&mut self) -> Result<Option<Header>> {
        while self.next.is_none() && self.at < self.end {
            let header = self.read_header()?;
            if header.kind == Kind::Other {
                self.at += (header.length + header.packed) as u64;
            } else {
                self.check(&header)?;
                self.next = Some(header);
            }
        }
        Ok(self.next)
    }

    fn read_header(&self) -> Result<Header> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = left.min(HEADER_MOST);
        let mut wanted = HEADER_GUESS;
        let header = loop {
            let text = self.read(self.at, wanted.min(most))?;
            match Header::read(&text) {
                Ok(header) => break header,
                Err(Fault::CutOff) if text.len() < most => wanted = wanted.saturating_mul(4),
                Err(fault) => return Err(self.broken(&format!("its header is broken: {}", fault.told()))),
            }
        };
        if header.packed > left - header.length {
            let what = format!("{} bytes long, of which {} lie in the column's piece of the file", header.packed, left - header.length);
            return Err(self.broken(&what));
        }
        Ok(header)
    }

    /// Holds what a header says against what can be.
    fn check(&self, header: &Header) -> Result<()> {
        let (values, encoding) = match header.kind {
            Kind::Data { values, encoding, levels } => {
                if self.optional && levels != page::RLE {
                    return Err(self.broken(&format!("levels in {}, which is not supported", encoding_name(levels))));
                }
                (values, encoding)
            }
            Kind::DataV2 { values, missing, encoding, level_bytes, repetition_bytes, .. } => {
                let levels = level_bytes as usize + repetition_bytes as usize;
                if levels > header.packed.min(header.unpacked) || missing > values {
                    return Err(self.broken("its header contradicts itself"));
                }
                (values, encoding)
            }
            Kind::Dictionary { values, encoding } => return self.check_dictionary(header, values, encoding),
            Kind::Other => return Ok(()),
        };
        if u64::from(values) > self.rows_left {
            return Err(self.broken(&format!("{values} values, where {} are left of the row group", self.rows_left)));
        }
        if !is_encoding_of(self.physical, encoding) {
            return Err(self.broken(&format!("values in {}, which is not supported for the column's type", encoding_name(encoding))));
        }
        if matches!(encoding, page::PLAIN_DICTIONARY | page::RLE_DICTIONARY) && !self.has_dictionary {
            return Err(self.broken("values in a dictionary, of which there is none"));
        }
        Ok(())
    }

    fn check_dictionary(&self, header: &Header, values: u32, encoding: i32) -> Result<()> {
        if self.has_dictionary {
            return Err(self.broken("a second dictionary"));
        }
        if !matches!(encoding, page::PLAIN | page::PLAIN_DICTIONARY) || self.physical == Physical::Boolean {
            return Err(self.broken(&format!("a dictionary in {}, which is not supported", encoding_name(encoding))));
        }
        let size = match self.physical {
            Physical::Fixed => self.length,
            Physical::Int64 | Physical::Float64 => 8,
            _ => 4,
        };
        if values as usize * size > header.unpacked {
            return Err(self.broken(&format!("a dictionary of {values} values in {} bytes", header.unpacked)));
        }
        Ok(())
    }

    /// The bytes of the page after a header, unpacked, and the charge for them.
    fn unpack(&self, header: &Header) -> Result<(Bytes, Charge)> {
        let charge = self.context.budget().charge("read", header.unpacked.saturating_add(header.packed));
        let charge = charge.map_err(|error| external(Failure::from(error)))?;
        let packed = self.read(self.at + header.length as u64, header.packed)?;
        if let Some(wanted) = header.checksum {
            let mut checksum = flate2::Crc::new();
            checksum.update(&packed);
            if checksum.sum() != wanted {
                return Err(self.broken("its checksum is not that of its bytes"));
            }
        }
        let (levels, is_packed) = match header.kind {
            Kind::DataV2 { level_bytes, repetition_bytes, packed, .. } => (level_bytes as usize + repetition_bytes as usize, packed),
            _ => (0, true),
        };
        if self.codec == Codec::Plain && packed.len() == header.unpacked {
            return Ok((Bytes::from_owner(packed), charge));
        }
        let (levels, values) = packed.split_at(levels.min(packed.len()));
        let length = header.unpacked - levels.len();
        let mut page = Vec::with_capacity(levels.len());
        page.extend_from_slice(levels);
        // Where no value is there, nothing was packed either.
        if !(length == 0 && values.is_empty()) {
            let codec = if is_packed { self.codec } else { Codec::Plain };
            codec.unpack(values, length, &mut page).map_err(|what| self.broken(&what))?;
        }
        Ok((page.into(), charge))
    }

    /// Takes the next page's header, and moves behind the page.
    fn advance(&mut self, header: &Header) {
        self.next = None;
        self.at += (header.length + header.packed) as u64;
        match header.kind {
            Kind::Data { values, .. } | Kind::DataV2 { values, .. } => self.rows_left -= u64::from(values),
            Kind::Dictionary { .. } => self.has_dictionary = true,
            Kind::Other => {}
        }
    }

    fn read(&self, offset: u64, length: usize) -> Result<Excerpt> {
        let io = |what: String| external(Failure::new(Code::Io, what));
        let mut bytes = Excerpt::default();
        match bytes.read(&self.file, offset, length) {
            Ok(()) if bytes.len() == length => Ok(bytes),
            Ok(()) => Err(io("the file changed while it was being read".to_owned())),
            Err(error) => Err(io(format!("cannot be read: {error}"))),
        }
    }

    fn broken(&self, what: &str) -> ParquetError {
        external(Failure::user(format!("the page at byte {}: {what}", self.at)))
    }
}

/// A failure on its way through the crate.
fn external(failure: Failure) -> ParquetError {
    ParquetError::External(Box::new(failure))
}

/// An encoding as the crate names it, which was looked at before.
fn encoding_of(number: i32) -> Encoding {
    match number {
        page::RLE => Encoding::RLE,
        page::DELTA_BINARY_PACKED => Encoding::DELTA_BINARY_PACKED,
        page::PLAIN_DICTIONARY | page::RLE_DICTIONARY => Encoding::RLE_DICTIONARY,
        page::BYTE_STREAM_SPLIT => Encoding::BYTE_STREAM_SPLIT,
        _ => Encoding::PLAIN,
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(header) = self.peek()? else { return Ok(None) };
        let is_dictionary = matches!(header.kind, Kind::Dictionary { .. });
        let (buf, charge) = self.unpack(&header)?;
        // The decoder lets go of the page before, which was paid for until now.
        self.charges[usize::from(!is_dictionary)] = Some(charge);
        self.advance(&header);
        let rle = Encoding::RLE;
        Ok(match header.kind {
            Kind::Data { values, encoding, .. } => Some(Page::DataPage {
                buf,
                num_values: values,
                encoding: encoding_of(encoding),
                def_level_encoding: rle,
                rep_level_encoding: rle,
                statistics: None,
            }),
            Kind::DataV2 { values, missing, encoding, level_bytes, repetition_bytes, packed } => Some(Page::DataPageV2 {
                buf,
                num_values: values,
                encoding: encoding_of(encoding),
                num_nulls: missing,
                num_rows: values,
                def_levels_byte_len: level_bytes,
                rep_levels_byte_len: repetition_bytes,
                is_compressed: packed,
                statistics: None,
            }),
            Kind::Dictionary { values, .. } => {
                Some(Page::DictionaryPage { buf, num_values: values, encoding: Encoding::PLAIN, is_sorted: false })
            }
            Kind::Other => None,
        })
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let Some(header) = self.peek()? else { return Ok(None) };
        let rows = match header.kind {
            Kind::Data { values, .. } | Kind::DataV2 { values, .. } => Some(values as usize),
            _ => None,
        };
        Ok(Some(PageMetadata { num_rows: rows, num_levels: rows, is_dict: rows.is_none() }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(header) = self.peek()? {
            self.advance(&header);
        }
        Ok(())
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}
