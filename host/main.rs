//! The edge: words and environment in, exit status out.

use std::io::Write as _;
use std::process::ExitCode;

use algohost::cli::Command;
use algohost::contract::Vars;
use algohost::failure::Failure;
use algohost::telemetry;

/// The variables of this process.
struct Process;

impl Vars for Process {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn all(&self) -> Vec<(String, String)> {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }
}

fn main() -> ExitCode {
    telemetry::start(Process.get("ALGOHOST_LOG").as_deref(), Process.get("ALGOHOST_LOG_FORMAT").as_deref());
    // Whoever closed stdout does not want the text.
    let mut print = |text: &str| drop(std::io::stdout().write_all(text.as_bytes()));
    match Command::parse(std::env::args_os()).and_then(|command| command.run(&Process, &mut print)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = Failure::of(&error);
            tracing::error!("{}", failure.report().trim_end());
            ExitCode::from(failure.code.exit_status())
        }
    }
}
