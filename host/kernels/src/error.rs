//! What a kernel answers with when it cannot do what was asked.

use std::fmt;

/// Whose move it is, as a class; the host maps it to the interface's error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Shapes, dtypes, axes, positions or a formula do not fit the operation.
    BadOperation,
    /// The memory granted to the caller does not suffice.
    LimitExceeded,
    /// The work was cancelled.
    Interrupted,
    /// The operation exists, but not for this dtype or device.
    NotSupported,
}

/// A kernel's error: a class and one sentence that names operation, shapes, dtypes and limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class.
    pub kind: ErrorKind,
    /// What happened; begins with the name of the operation.
    pub message: String,
}

/// A kernel's result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of class [`ErrorKind::BadOperation`].
    pub fn bad(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::BadOperation, message: message.into() }
    }

    /// An error of class [`ErrorKind::NotSupported`].
    pub fn not_supported(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::NotSupported, message: message.into() }
    }

    /// An error of class [`ErrorKind::LimitExceeded`].
    pub fn limit(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::LimitExceeded, message: message.into() }
    }

    /// An error of class [`ErrorKind::Interrupted`].
    pub fn interrupted(operation: &str) -> Error {
        Error { kind: ErrorKind::Interrupted, message: format!("{operation}: cancelled by the host") }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
