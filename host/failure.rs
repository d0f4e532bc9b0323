//! What went wrong, for the person on call: one vocabulary of codes, each with whose fault it is, its exit status and its HTTP status.
//!
//! Everything inside the host returns `anyhow::Result`. Where the code knows whose move it is, it makes a [`Failure`]; the edges
//! ([`crate::train`], [`crate::serve`], `main`) find it again with [`Failure::of`], however much context lies around it.

use std::fmt;

/// What kind of thing went wrong. The first eleven are the interface's `error-code`, by the same names; the others are the host's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the first eleven are documented in wit/types.wit")]
pub enum Code {
    InvalidInput,
    UnsupportedMedia,
    BadModel,
    BadOperation,
    LimitExceeded,
    Interrupted,
    Io,
    NotFound,
    NotSupported,
    Denied,
    Internal,
    /// None of the accepted content types can be written.
    NotAcceptable,
    /// The request is larger than the limit.
    TooLarge,
    /// No instance is free in time.
    Busy,
    /// The algorithm did not answer in time.
    Deadline,
    /// The algorithm broke off: a trap, a panic, an exhausted stack.
    Trap,
    /// The component cannot be used: not a component, built for another host, or asking for what is not granted.
    BadComponent,
    /// The command line is wrong.
    Usage,
}

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Who gave data, hyperparameters, requests or flags.
    User,
    /// Who wrote the component.
    Algorithm,
    /// Who runs the machine.
    Platform,
}

impl Fault {
    /// The word in the failure file.
    pub fn name(self) -> &'static str {
        match self {
            Fault::User => "user",
            Fault::Algorithm => "algorithm",
            Fault::Platform => "platform",
        }
    }
}

impl Code {
    /// Who can mend it. In serving, the algorithm is at fault for whatever is not the request's.
    pub fn fault(self) -> Fault {
        match self {
            Code::InvalidInput | Code::UnsupportedMedia | Code::NotFound | Code::NotAcceptable | Code::TooLarge | Code::Usage => {
                Fault::User
            }
            Code::BadModel | Code::BadOperation | Code::LimitExceeded | Code::NotSupported | Code::Denied => Fault::Algorithm,
            Code::Internal | Code::Deadline | Code::Trap | Code::BadComponent => Fault::Algorithm,
            Code::Interrupted | Code::Io | Code::Busy => Fault::Platform,
        }
    }

    /// The status of a process that ends with it: 1 user, 2 algorithm, 3 platform, 64 wrong command line (EX_USAGE of sysexits.h).
    pub fn exit_status(self) -> u8 {
        match (self, self.fault()) {
            (Code::Usage, _) => 64,
            (_, Fault::User) => 1,
            (_, Fault::Algorithm) => 2,
            (_, Fault::Platform) => 3,
        }
    }

    /// The status of an answer that carries it.
    pub fn http_status(self) -> u16 {
        match self {
            Code::InvalidInput => 400,
            Code::NotAcceptable => 406,
            Code::TooLarge => 413,
            Code::UnsupportedMedia => 415,
            Code::NotSupported => 501,
            Code::Busy | Code::Interrupted => 503,
            Code::Deadline => 504,
            Code::LimitExceeded => 507,
            _ => 500,
        }
    }

    /// The name in logs and error bodies.
    pub fn name(self) -> &'static str {
        match self {
            Code::InvalidInput => "invalid-input",
            Code::UnsupportedMedia => "unsupported-media",
            Code::BadModel => "bad-model",
            Code::BadOperation => "bad-operation",
            Code::LimitExceeded => "limit-exceeded",
            Code::Interrupted => "interrupted",
            Code::Io => "io",
            Code::NotFound => "not-found",
            Code::NotSupported => "not-supported",
            Code::Denied => "denied",
            Code::Internal => "internal",
            Code::NotAcceptable => "not-acceptable",
            Code::TooLarge => "too-large",
            Code::Busy => "busy",
            Code::Deadline => "deadline",
            Code::Trap => "trap",
            Code::BadComponent => "bad-component",
            Code::Usage => "usage",
        }
    }
}

/// One thing that went wrong, told so that its first line stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub code: Code,
    /// What happened and where: one line.
    pub what: String,
    /// What to do about it, or what else is known (a backtrace); may be several lines.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(code: Code, what: impl Into<String>) -> Failure {
        Failure { code, what: what.into(), help: None }
    }

    /// The caller's data, request or hyperparameters are wrong.
    pub fn user(what: impl Into<String>) -> Failure {
        Failure::new(Code::InvalidInput, what)
    }

    /// The same failure with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// The failure inside of an error, or one that says the error's own words and blames the platform.
    pub fn of(error: &anyhow::Error) -> Failure {
        match error.downcast_ref::<Failure>() {
            Some(failure) => failure.clone(),
            None => Failure::new(Code::Io, one_line(&format!("{error:#}"))),
        }
    }

    /// The text of `output/failure`: the cause first, then whose fault it is, then what to do.
    pub fn report(&self) -> String {
        let mut report = format!("{}\n({} error, {})\n", self.what, self.code.fault().name(), self.code.name());
        if let Some(help) = &self.help {
            report.push_str(help);
            report.push('\n');
        }
        report
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

impl From<algohost_kernels::Error> for Failure {
    fn from(error: algohost_kernels::Error) -> Failure {
        use algohost_kernels::ErrorKind;
        let code = match error.kind {
            ErrorKind::BadOperation => Code::BadOperation,
            ErrorKind::LimitExceeded => Code::LimitExceeded,
            ErrorKind::Interrupted => Code::Interrupted,
            ErrorKind::NotSupported => Code::NotSupported,
        };
        Failure::new(code, error.message)
    }
}
