//! Float32 tensors' bytes as numbers.

/// The numbers of a float32 tensor's bytes.
pub(crate) fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
}
