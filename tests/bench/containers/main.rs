//! `cargo bench --profile dev --bench containers [-- WORD...]`: how small the program and its images are, how soon they answer, and what they hold,
//! beside the Python servers people run. Sizes beyond what is held are an error; so are times twice as long as they may be, which is more than a busy
//! machine makes of them.
//!
//! What is measured are the programs that `host/build.sh` makes, whatever profile the benchmark itself has.
//!
//! Words: `slim`, `full`, `python`, `mms`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

mod installed;
mod programs;
mod table;
mod times;

#[path = "../figures.rs"]
mod figures;
#[path = "../serving/flask.rs"]
mod flask;
#[path = "../guests.rs"]
mod guests;
#[path = "../serving/mms.rs"]
mod mms;
#[path = "../peers.rs"]
mod peers;
#[path = "../server.rs"]
mod server;

use table::{Bounds, Table};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let mut table = Table::new();
    if wanted("full") {
        let full = programs::build("full");
        table.megabytes("full program, static, stripped", programs::bytes(&full), Bounds { reach: 22.0, stretch: 15.0, most: 22.0 });
    }
    if wanted("slim") || wanted("python") || wanted("mms") {
        let ours = programs::Ours::build();
        if wanted("slim") {
            slim(&mut table, &ours);
        }
        if wanted("python") {
            peer(&mut table, &ours, &installed::flask());
        }
        if wanted("mms") && mms::has_java() {
            peer(&mut table, &ours, &installed::multi_model_server());
        }
    }
    table.end();
}

fn slim(table: &mut Table, ours: &programs::Ours) {
    table.megabytes("slim program, static, stripped", programs::bytes(&ours.program), Bounds { reach: 6.0, stretch: 4.0, most: 10.6 });
    table.megabytes("image of it and the linear learner, compressed", ours.image_bytes, Bounds { reach: 3.0, stretch: 2.0, most: 4.9 });
    let start = times::start(ours);
    table.milliseconds("process start to the first 200 of /ping", start.first_answer_ms, Bounds { reach: 15.0, stretch: 8.0, most: 30.0 });
    table.megabytes("resident, one small model, idle", start.resident_bytes, Bounds { reach: 15.0, stretch: 8.0, most: 30.0 });
    table.milliseconds("a whole training job, 569 rows of 30", times::train(ours), Bounds { reach: 40.0, stretch: 15.0, most: 80.0 });
}

/// Installed size, start and memory of somebody else's server, in those of ours.
fn peer(table: &mut Table, ours: &programs::Ours, theirs: &installed::Peer) {
    let name = theirs.name;
    let size = theirs.bytes as f64 / ours.installed_bytes() as f64;
    table.ratio(&format!("installed size: {name}, {:.0} MB", theirs.bytes as f64 / 1e6), size, 50.0);
    let (mine, other) = times::against(ours, theirs);
    let start = other.first_answer_ms / mine.first_answer_ms;
    table.ratio(&format!("start to the first answer: {name}, {:.0} ms", other.first_answer_ms), start, 50.0);
    let memory = other.resident_bytes as f64 / mine.resident_bytes as f64;
    table.ratio(&format!("memory: {name}, {:.0} MB", other.resident_bytes as f64 / 1e6), memory, 10.0);
}
