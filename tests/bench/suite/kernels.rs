//! The rows that are one kernel: through WIT against numpy, numexpr and faiss.

use algohost::bench::{Case, cases, measure};
use algohost_kernels::{Budget, Cancel, Context, Pool};

use crate::python::Peer;
use crate::table::{Measured, Reach, print_row};
use crate::through_wit::Guest;

/// The cases of the table, with the ratio to reach.
const ROWS: [(&str, f64); 13] = [
    ("linalg.matmul-into 256 f32", 1.0),
    ("linalg.matmul-into 256 f64", 1.0),
    ("linalg.matmul-into 512 f32", 1.0),
    ("linalg.matmul-into 512 f64", 1.0),
    ("linalg.matmul-into 1024 f32", 1.0),
    ("linalg.matmul-into 1024 f64", 1.0),
    ("linalg.matmul-into 2048 f32", 1.0),
    ("linalg.matmul-into 2048 f64", 1.0),
    ("linalg.matmul 100k x 64 by 64 x 64 f32", 1.0),
    ("formulas.formula.apply-into 8 operations 10M f32", 1.5),
    ("neighbors.nearest 5k x 64 to 100k, 10 f32", 1.0),
    ("select.sort 1M f32", 0.7),
    ("select.argsort 1M f32", 1.5),
];

pub(crate) fn run(wanted: &dyn Fn(&str) -> bool, threads: usize, turns: usize) {
    let chosen: Vec<(Case, f64)> = ROWS
        .iter()
        .filter(|(key, _)| wanted(key))
        .map(|(key, reach)| {
            let case = cases().into_iter().find(|case| case.key() == *key);
            (case.unwrap_or_else(|| panic!("there is no case '{key}'")), *reach)
        })
        .collect();
    if chosen.is_empty() {
        return;
    }
    let context = Context::new(Budget::new(8 << 30), Cancel::default(), Pool::new(threads).unwrap());
    let (guest, mut peer) = (Guest::new(threads), Peer::new(threads));
    for (case, reach) in chosen {
        let mut ours = Measured::nothing_yet("algohost", 0.0);
        let mut peers: Vec<Measured> = Vec::new();
        for _ in 0..turns {
            let native = measure(&case, &context).unwrap().median;
            ours.seconds = ours.seconds.min(guest.microseconds(&case, native * 1e6) / 1e6);
            for (name, microseconds) in peer.everybody(&case.key()) {
                Measured { seconds: microseconds / 1e6, ..Measured::nothing_yet(&name, 0.0) }.keep_best(&mut peers);
            }
        }
        for peer in &peers {
            // Against numpy, the formula has a second figure to reach.
            let reach = if case.kernel.starts_with("formulas") && peer.name == "numpy" { 4.0 } else { reach };
            print_row(&case.key(), &ours, peer, Some(Reach::Ratio(reach)), None);
        }
    }
}
