//! What went wrong, for the person on call: one vocabulary of codes, each with whose fault it is, its exit status and its HTTP status.
//!
//! Everything inside the host returns `anyhow::Result`. Where the code knows whose move it is, it makes a [`Failure`]; the edges
//! (training, serving, the command line) find it again with [`Failure::of`], however much context lies around it.

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
    /// The request asks for a path or a model that is not there.
    Absent,
    /// None of the accepted content types can be written.
    NotAcceptable,
    /// The request is larger than the limit.
    TooLarge,
    /// The request did not arrive in time.
    Slow,
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
            Code::InvalidInput
            | Code::UnsupportedMedia
            | Code::NotFound
            | Code::Absent
            | Code::NotAcceptable
            | Code::TooLarge
            | Code::Slow
            | Code::Usage => Fault::User,
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
            Code::Absent => 404,
            Code::NotAcceptable => 406,
            Code::Slow => 408,
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
            Code::NotFound | Code::Absent => "not-found",
            Code::NotSupported => "not-supported",
            Code::Denied => "denied",
            Code::Internal => "internal",
            Code::NotAcceptable => "not-acceptable",
            Code::TooLarge => "too-large",
            Code::Slow => "slow",
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
    /// What to do about it, or what else is wrong; may be several lines.
    pub help: Option<String>,
    /// What else is known: a backtrace, the last lines of output.
    pub details: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(code: Code, what: impl Into<String>) -> Failure {
        Failure { code, what: what.into(), help: None, details: None }
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

    /// The same failure with what else is known.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Failure {
        self.details = Some(details.into());
        self
    }

    /// The failure inside of an error, or one that says the error's own words and blames the platform.
    pub fn of(error: &anyhow::Error) -> Failure {
        // A reader hands it on inside of what `std::io` knows.
        let inside = || error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<Failure>());
        match error.downcast_ref::<Failure>().or_else(inside) {
            Some(failure) => failure.clone(),
            None => Failure::new(Code::Io, one_line(&format!("{error:#}"))),
        }
    }

    /// The text of `output/failure`: the cause first, then whose fault it is, then what to do, these within the [`REASON`] characters that
    /// the platform shows; then, when some of it had to be cut, all of it; then what else is known.
    pub fn report(&self) -> String {
        let fault = format!("({} error, {})", self.code.fault().name(), self.code.name());
        let help = self.help.as_deref().unwrap_or_default();
        // Advice is worth a third of the room, or what the cause leaves of it.
        let room = REASON - fault.chars().count() - 3;
        let what = cut(&self.what, room - help.chars().count().min(room / 3));
        let short = cut(help, room - what.chars().count());
        let mut report = format!("{what}\n{fault}\n");
        push_lines(&mut report, &short);
        if what != self.what || short != help {
            report.push_str("In full:\n");
            push_lines(&mut report, &self.what);
            push_lines(&mut report, help);
        }
        push_lines(&mut report, self.details.as_deref().unwrap_or_default());
        report
    }
}

/// Characters of the failure file that the platform shows as the reason.
pub const REASON: usize = 1024;

fn push_lines(report: &mut String, lines: &str) {
    if !lines.is_empty() {
        report.push_str(lines);
        report.push('\n');
    }
}

/// At most `most` characters of a text; where some are left out, the last one says so.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the platform shows of a report.
    fn reason(failure: &Failure) -> String {
        failure.report().chars().take(REASON).collect()
    }

    #[test]
    fn a_short_report_is_cause_fault_advice_details() {
        let failure = Failure::new(Code::Trap, "what").help("do this").details("backtrace");
        assert_eq!(failure.report(), "what\n(algorithm error, trap)\ndo this\nbacktrace\n");
    }

    #[test]
    fn cause_fault_and_advice_stand_within_the_reason_however_long_they_are() {
        for (what, help) in [(2000, 10), (10, 2000), (2000, 2000), (1000, 0), (700, 400), (0, 3000), (990, 1)] {
            let failure = Failure::new(Code::InvalidInput, "ä".repeat(what)).help("☃".repeat(help)).details("backtrace");
            let reason = reason(&failure);
            assert!(reason.contains("(user error, invalid-input)\n"), "{what} {help}");
            assert!(help < 11 || reason.contains("☃☃☃☃☃☃☃☃☃☃"), "{what} {help}");
            let all = failure.report();
            assert!(all.contains(&failure.what) && all.contains(&"☃".repeat(help)) && all.ends_with("backtrace\n"), "{what} {help}");
        }
    }

    #[test]
    fn nothing_is_cut_that_fits() {
        let failure = Failure::new(Code::Io, "w".repeat(700)).help("h".repeat(290));
        assert_eq!(failure.report(), format!("{}\n(platform error, io)\n{}\n", failure.what, "h".repeat(290)));
    }
}
