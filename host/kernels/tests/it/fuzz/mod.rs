//! Random programs of kernel calls: operands of any shape, dtype and layout, arguments that are often wrong.
//!
//! Each call must answer as its reference does, or with an error that begins with its name where, and only where, the arguments do not
//! fit. It must charge what its results hold and no byte more, leave its operands alone, and never panic. A family is one file with a list
//! of calls. Programs are numbered, and a number is all it takes to see one again:
//!
//! `ALGOHOST_FUZZ_PROGRAMS=100000` runs more of them, `ALGOHOST_FUZZ_FIRST=4711` begins with that one.

mod draw;
mod formulas;
mod linalg;
mod neighbors;
mod nn;
mod program;
mod random;
mod select;
mod sparse;
mod tensors;
mod trees;

use std::panic::{AssertUnwindSafe, catch_unwind};

use program::{Call, Program};

/// Programs that `cargo test` runs for each family.
const PROGRAMS: u64 = 100;
/// Calls in one program.
const CALLS: usize = 40;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is '{text}', a number is wanted")))
}

/// Runs programs of this family's calls, and of the calls on tensors that make views for them.
fn run(family: &[Call]) {
    let first = number("ALGOHOST_FUZZ_FIRST", 0);
    for seed in first..first + number("ALGOHOST_FUZZ_PROGRAMS", PROGRAMS) {
        let mut program = Program::new(seed);
        let mut last = "making operands";
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            program.fill_pool();
            for _ in 0..CALLS {
                let calls = if program.draw.one_in(3) { tensors::CALLS } else { family };
                let (name, call) = *program.draw.pick(calls);
                last = name;
                program.before(name);
                call(&mut program);
                program.after();
            }
            program.finish();
        }));
        assert!(outcome.is_ok(), "program {seed} failed in {last}: ALGOHOST_FUZZ_FIRST={seed} ALGOHOST_FUZZ_PROGRAMS=1 shows it again");
    }
}

#[test]
fn random_programs_on_tensors_answer_as_the_references_do() {
    run(tensors::CALLS);
}

#[test]
fn random_programs_of_selections_answer_as_the_references_do() {
    run(select::CALLS);
}

#[test]
fn random_programs_of_products_answer_as_the_references_do() {
    run(linalg::CALLS);
}

#[test]
fn random_programs_of_neighbours_answer_as_the_references_do() {
    run(neighbors::CALLS);
}

#[test]
fn random_programs_of_random_numbers_answer_as_the_references_do() {
    run(random::CALLS);
}

#[test]
fn random_programs_of_formulas_answer_as_plain_arithmetic_does() {
    run(formulas::CALLS);
}

#[test]
fn random_programs_of_sparse_matrices_answer_as_dense_ones_do() {
    run(sparse::CALLS);
}

#[test]
fn random_programs_of_networks_answer_or_say_why_not() {
    run(nn::CALLS);
}

#[test]
fn random_programs_of_trees_answer_or_say_why_not() {
    run(trees::CALLS);
}
