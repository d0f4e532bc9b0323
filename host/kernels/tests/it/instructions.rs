//! Every loop is right with every instruction set this processor has, not only with the best one.

use std::process::Command;

use algohost_kernels::Instructions;

/// Names the set that the tests of a process run with.
pub(crate) const VARIABLE: &str = "KERNELS_INSTRUCTIONS";

#[test]
fn all_other_tests_pass_with_fewer_instructions_too() {
    for instructions in [Instructions::Baseline, Instructions::V3] {
        if instructions >= Instructions::in_use() {
            continue;
        }
        // A process of its own, since the limit holds for all threads. What is skipped is this file.
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--skip", "instructions::"])
            .env(VARIABLE, instructions.to_string())
            .output()
            .unwrap();
        assert!(run.status.success(), "{instructions}\n{}", String::from_utf8_lossy(&run.stdout));
    }
}

#[test]
fn a_limit_holds_from_then_on() {
    let run = |limit: &str| {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "instructions::report", "--nocapture"])
            .env(VARIABLE, limit)
            .env("KERNELS_REPORT", "yes")
            .output()
            .unwrap();
        String::from_utf8(child.stdout).unwrap()
    };
    assert!(run("baseline").contains("in use: baseline"));
    assert!(!run("v3").contains("in use: v4"));
}

/// Says what the process above runs with.
#[test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn report() {
    if std::env::var_os("KERNELS_REPORT").is_some() {
        let _limited = crate::make::context();
        println!("in use: {}", Instructions::in_use());
    }
}
