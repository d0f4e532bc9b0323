//! Bytes of a channel or a request to tensors, and answers back to bytes.
