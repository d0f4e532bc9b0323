//! Pages packed with one of the format's codecs. What they unpack to is known before, and nothing beyond it is made.

use std::io::{self, Read};

use super::super::files::Frames;

/// How pages are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    Lz4,
    Zstandard,
}

impl Codec {
    /// The codec with this number in the format's `CompressionCodec`.
    ///
    /// # Errors
    /// What else it is, as the end of a sentence.
    pub(super) fn of(number: i32) -> Result<Codec, String> {
        let name = match number {
            0 => return Ok(Codec::Plain),
            1 => return Ok(Codec::Snappy),
            2 => return Ok(Codec::Gzip),
            6 => return Ok(Codec::Zstandard),
            7 => return Ok(Codec::Lz4),
            3 => "LZO",
            4 => "BROTLI",
            5 => "LZ4 in Hadoop's frames",
            _ => return Err(format!("its pages are packed with codec {number}, which is not known")),
        };
        Err(format!("its pages are packed with {name}, which is not supported"))
    }

    fn name(self) -> &'static str {
        match self {
            Codec::Plain => "unpacked",
            Codec::Snappy => "SNAPPY",
            Codec::Gzip => "GZIP",
            Codec::Lz4 => "LZ4_RAW",
            Codec::Zstandard => "ZSTD",
        }
    }

    /// Adds to `page` what `packed` unpacks to, which must be exactly `length` bytes.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub(super) fn unpack(self, packed: &[u8], length: usize, page: &mut Vec<u8>) -> Result<(), String> {
        let start = page.len();
        let broken = |why: String| format!("broken {} data: {why}", self.name());
        match self {
            Codec::Plain => page.extend_from_slice(packed),
            Codec::Gzip => read(flate2::bufread::MultiGzDecoder::new(packed), length, page).map_err(|error| broken(error.to_string()))?,
            Codec::Zstandard => read(Frames::new(packed), length, page).map_err(|error| broken(error.to_string()))?,
            // Both write into room that is there before; Snappy's length is compared first, because its decoder would want to have it.
            Codec::Snappy if snap::raw::decompress_len(packed).map_err(|error| broken(error.to_string()))? == length => {
                page.resize(start + length, 0);
                snap::raw::Decoder::new().decompress(packed, &mut page[start..]).map_err(|error| broken(error.to_string()))?;
            }
            Codec::Snappy => return Err(broken("it has another length than the page's header says".to_owned())),
            Codec::Lz4 => {
                page.resize(start + length, 0);
                let read = lz4_flex::block::decompress_into(packed, &mut page[start..]).map_err(|error| broken(error.to_string()))?;
                page.truncate(start + read);
            }
        }
        if page.len() - start == length { Ok(()) } else { Err(broken("it has another length than the page's header says".to_owned())) }
    }
}

/// Adds what a decoder gives, at most one byte more than `length`.
fn read(source: impl Read, length: usize, page: &mut Vec<u8>) -> io::Result<()> {
    source.take(length as u64 + 1).read_to_end(page).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Codec;

    fn packed(codec: Codec, bytes: &[u8]) -> Vec<u8> {
        match codec {
            Codec::Plain => bytes.to_vec(),
            Codec::Snappy => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
            Codec::Lz4 => lz4_flex::block::compress(bytes),
            Codec::Zstandard => ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest),
            Codec::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_to_its_length_only() {
        let bytes: Vec<u8> = (0..5000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for codec in [Codec::Plain, Codec::Snappy, Codec::Gzip, Codec::Lz4, Codec::Zstandard] {
            let packed = packed(codec, &bytes);
            let mut page = vec![9];
            codec.unpack(&packed, bytes.len(), &mut page).unwrap();
            assert_eq!(page[1..], bytes[..], "{codec:?}");
            for length in [0, bytes.len() - 1, bytes.len() + 1] {
                let mut page = Vec::new();
                let what = codec.unpack(&packed, length, &mut page).unwrap_err();
                assert!(what.starts_with(&format!("broken {} data: ", codec.name())), "{codec:?}: {what}");
                assert!(codec == Codec::Plain || page.len() <= length + 1, "{codec:?}: {}", page.len());
            }
            assert!(codec.unpack(&packed[..packed.len() / 2], bytes.len(), &mut Vec::new()).is_err(), "{codec:?}");
        }
    }

    #[test]
    fn codecs_that_are_not_supported_are_named() {
        assert_eq!(Codec::of(4), Err("its pages are packed with BROTLI, which is not supported".to_owned()));
        assert_eq!(Codec::of(99), Err("its pages are packed with codec 99, which is not known".to_owned()));
    }
}
