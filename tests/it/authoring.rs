//! What authors call while they write: `wit`, `bindings`, `component`. That what they make is right is for `languages`, which builds with it.

use std::path::Path;

use crate::support::{algohost, repository};

fn words<'a>(words: &[&'a str], folder: &'a Path) -> Vec<&'a str> {
    [words, &["-o", folder.to_str().unwrap()]].concat()
}

#[test]
fn the_interface_is_written_as_it_is_in_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    algohost(words(&["wit"], &folder.path().join("a/wit"))).run().expect_status(0);
    for entry in std::fs::read_dir(repository().join("wit")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "wit") {
            let written = std::fs::read(folder.path().join("a/wit").join(path.file_name().unwrap())).unwrap();
            assert!(written == std::fs::read(&path).unwrap(), "{}", path.display());
        }
    }
}

#[test]
fn an_interface_of_the_authors_own_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (wit, out) = (folder.path().join("wit"), folder.path().join("out"));
    std::fs::create_dir(&wit).unwrap();
    std::fs::write(wit.join("world.wit"), "package my:sums@1.0.0;\nworld adder { export add: func(a: u32, b: u32) -> u32; }\n").unwrap();
    algohost(words(&["bindings", "c", "adder", "--wit", wit.to_str().unwrap()], &out)).run().expect_status(0);
    assert!(std::fs::read_to_string(out.join("adder.h")).unwrap().contains("uint32_t exports_adder_add(uint32_t a, uint32_t b);"));
    // The same world makes a component of a module that says nothing of itself.
    let module =
        r#"(module (memory (export "memory") 1) (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))"#;
    let (core, component) = (folder.path().join("core.wasm"), folder.path().join("adder.wasm"));
    std::fs::write(&core, wat::parse_str(module).unwrap()).unwrap();
    let make = ["component", core.to_str().unwrap(), "--world", "adder", "--wit", wit.to_str().unwrap()];
    algohost(words(&make, &component)).run().expect_status(0);
    let report: serde_json::Value =
        serde_json::from_str(&algohost(["inspect", "--json", component.to_str().unwrap()]).run().stdout).unwrap();
    assert_eq!(report["exports"], serde_json::json!(["add"]), "{report}");
}

#[test]
fn wrong_words_and_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (out, text) = (folder.path().join("out"), folder.path().join("text.wasm"));
    std::fs::write(&text, "no module").unwrap();
    let (text, missing) = (text.to_str().unwrap(), folder.path().join("none.wasm"));
    for (command, status, said) in [
        (words(&["bindings", "c", "trainer"], &out), 1, "there is no world 'trainer'; there are: imports, algorithm, trainer-only"),
        (words(&["bindings", "cobol", "algorithm"], &out), 64, "there are no bindings for 'cobol', only for c, cpp and go"),
        (words(&["bindings", "c"], &out), 64, "bindings needs a language and a world"),
        (words(&["bindings", "c", "algorithm", "--wit", missing.to_str().unwrap()], &out), 1, "is no folder of WIT"),
        (vec!["bindings", "c", "algorithm"], 64, "needs a place for what it makes: -o"),
        (words(&["component", text], &out), 2, "no component can be made of it"),
        (words(&["component", missing.to_str().unwrap()], &out), 1, "cannot be read"),
    ] {
        let stderr = algohost(&command).run().expect_status(status).stderr;
        assert!(stderr.contains(said), "{command:?}: {stderr}");
    }
    assert!(!out.exists(), "something is left");
}
