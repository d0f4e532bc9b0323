//! The peer that people put together themselves: gunicorn, flask and numpy.

use std::process::Command;

use crate::guests::repository;
use crate::server::Server;

#[rustfmt::skip]
const WORDS: [&str; 12] = [
    "-m", "gunicorn", "--workers", "2", "--worker-class", "gthread", "--threads", "32", "--keep-alive", "60", "--log-level", "error",
];

/// Two workers of 32 threads.
pub(crate) fn start() -> Server {
    let mut gunicorn = Command::new(crate::peers::peer_of("serving", "serving_flask.py", 2).get_program());
    gunicorn.args(WORDS).arg("--chdir").arg(repository().join("tests/bench/peers")).arg("serving_flask:app");
    Server::at_free_port(gunicorn, |command, port| {
        command.arg("--bind").arg(format!("127.0.0.1:{port}"));
    })
}
