//! The names of blobs.

use std::fmt;
use std::io::Read;

use sha2::{Digest as _, Sha256};

/// The sha256 of some bytes, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest(String);

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Digest {
        Digest::finish(Sha256::new_with_prefix(bytes))
    }

    /// Of what is read to its end, piece by piece.
    pub(super) fn of_reader(mut reader: impl Read) -> std::io::Result<Digest> {
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(Digest::finish(hash)),
                read => hash.update(&piece[..read]),
            }
        }
    }

    /// From `sha256:` and 64 digits.
    pub(super) fn parse(text: &str) -> Option<Digest> {
        let digits = text.strip_prefix("sha256:")?;
        let is_hexadecimal = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_hexadecimal.then(|| Digest(digits.to_owned()))
    }

    /// Without `sha256:`.
    pub(super) fn digits(&self) -> &str {
        &self.0
    }

    /// Where an archive keeps the blob.
    pub(super) fn path(&self) -> String {
        format!("blobs/sha256/{}", self.0)
    }

    fn finish(hash: Sha256) -> Digest {
        Digest(format!("{:x}", hash.finalize()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}
