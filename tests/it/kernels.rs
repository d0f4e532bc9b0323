//! `algohost kernels` and `algohost bench`: the list is the interface, and every kernel in it can be timed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wit_parser::{FunctionKind, Resolve, WorldItem};

use crate::support::{Base, algohost, guest, repository};

/// Interfaces of the world `imports` that do not compute.
const NOT_KERNELS: [&str; 8] = ["types", "job", "data", "artifacts", "checkpoints", "requests", "streams", "sessions"];

/// Functions that only look at or rename what is there, so that there is nothing to time.
const NOT_TIMED: [(&str, &[&str]); 5] = [
    ("tensors.tensor", &["shape", "data-type", "item", "reshape", "slice", "transpose", "permute", "keep", "promote"]),
    ("formulas.formula", &["bind", "bind-scalar", "unbind"]),
    ("trees.binned-matrix", &["row-count", "bin-counts", "cuts"]),
    ("trees.forest", &["tree-count", "truncate"]),
    ("sparse.matrix", &["shape", "stored", "data-type", "values", "slice", "keep", "promote"]),
];

fn listed() -> Vec<Value> {
    let text = algohost(["kernels", "--json"]).run().expect_status(0).stdout;
    serde_json::from_str(&text).unwrap()
}

fn names(kernels: &[Value]) -> BTreeSet<String> {
    kernels.iter().map(|kernel| format!("{}.{}", kernel["interface"].as_str().unwrap(), kernel["name"].as_str().unwrap())).collect()
}

/// Name and number of parameters of every function of the interfaces that compute, from the parsed interface.
fn declared() -> BTreeSet<(String, usize)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(repository().join("wit")).unwrap();
    let world = &resolve.worlds[resolve.packages[package].worlds["imports"]];
    let interfaces = world.imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(&resolve.interfaces[*id]),
        _ => None,
    });
    let mut functions = BTreeSet::new();
    for interface in interfaces {
        let name = interface.name.as_deref().unwrap();
        if NOT_KERNELS.contains(&name) {
            continue;
        }
        for function in interface.functions.values() {
            let own = match function.kind {
                FunctionKind::Constructor(_) => continue,
                FunctionKind::Method(_) => 1,
                _ => 0,
            };
            functions.insert((format!("{name}.{}", function.name.trim_start_matches("[method]")), function.params.len() - own));
        }
    }
    functions
}

#[test]
fn the_list_of_kernels_is_the_interface() {
    let kernels = listed();
    let shown: BTreeSet<(String, usize)> = names(&kernels)
        .into_iter()
        .zip(kernels_by_name(&kernels))
        .map(|(name, kernel)| {
            let signature = kernel["signature"].as_str().unwrap();
            let parameters = &signature[..signature.find(" ->").unwrap_or(signature.len())];
            (name, parameters.matches(": ").count())
        })
        .collect();
    assert_eq!(shown, declared());
}

/// In the order of [`names`].
fn kernels_by_name(kernels: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = kernels.iter().collect();
    sorted.sort_by_key(|kernel| format!("{}.{}", kernel["interface"].as_str().unwrap(), kernel["name"].as_str().unwrap()));
    sorted
}

#[test]
fn every_kernel_says_what_it_computes_on_which_dtypes_and_devices() {
    const DTYPES: [&str; 14] = [
        "any", "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "boolean",
    ];
    for kernel in listed() {
        assert!(kernel["summary"].as_str().unwrap().len() > 8, "{kernel}");
        let dtypes = kernel["dtypes"].as_array().unwrap();
        assert!(!dtypes.is_empty() && dtypes.iter().all(|dtype| DTYPES.contains(&dtype.as_str().unwrap())), "{kernel}");
        assert_eq!(kernel["devices"], json!(["cpu"]));
    }
}

#[test]
fn the_list_can_be_narrowed_by_words() {
    let text = algohost(["kernels", "matmul-into", "gather"]).run().expect_status(0).stdout;
    let signature = "matmul-into(out: borrow<tensor>, a: borrow<tensor>, b: borrow<tensor>, transposed: transposed, alpha: f64, beta: f64)";
    assert!(text.contains(signature) && text.contains("gather(") && !text.contains("permutation("), "{text}");
    let none = algohost(["kernels", "no-such-kernel"]).run().expect_status(0).stdout;
    assert!(none.contains("No kernel's name contains no-such-kernel"), "{none}");
}

#[test]
fn every_kernel_is_timed_by_a_case_of_the_benchmark() {
    let cases = algohost::bench::cases();
    let keys: BTreeSet<String> = cases.iter().map(algohost::bench::Case::key).collect();
    assert_eq!(keys.len(), cases.len(), "two cases are called the same");
    let timed: BTreeSet<String> = cases.iter().map(|case| case.kernel.to_owned()).collect();
    let mut wanted = names(&listed());
    for (resource, functions) in NOT_TIMED {
        for function in functions {
            assert!(wanted.remove(&format!("{resource}.{function}")), "{resource}.{function} is no kernel");
        }
    }
    assert_eq!(timed, wanted);
}

#[test]
fn the_guest_that_is_timed_knows_every_case() {
    let keys: Vec<String> = algohost::bench::cases().iter().map(algohost::bench::Case::key).collect();
    let run = |keys: &str| {
        let base = Base::new();
        base.hyperparameters(&json!({"case": keys, "count": 0}));
        algohost([std::ffi::OsStr::new("train"), "--component".as_ref(), guest("kernels").as_os_str()]).base(base.path()).run()
    };
    run(&keys.join(";")).expect_status(0);
    let stderr = run("linalg.matmul 3 x 3 of wood").expect_status(1).stderr;
    assert!(stderr.contains("there is no case 'linalg.matmul 3 x 3 of wood'"), "{stderr}");
}

#[test]
fn the_benchmark_prints_a_row_for_each_case_that_is_wanted() {
    let run = |words: &[&str]| algohost(words).env("ALGOHOST_THREADS", "1").run();
    let text = run(&["bench", "1 x 1 f32"]).expect_status(0).stdout;
    assert!(text.contains("linalg.matmul-into") && text.contains("GFLOP/s") && text.lines().count() == 3, "{text}");
    let rows: Value = serde_json::from_str(&run(&["bench", "--json", "1 x 1 f32"]).expect_status(0).stdout).unwrap();
    let seconds = rows[0]["seconds_median"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 1.0 && rows.as_array().unwrap().len() == 1, "{rows}");
    let stderr = run(&["bench", "nothing-like-it"]).expect_status(1).stderr;
    assert!(stderr.contains("no case of the benchmark contains nothing-like-it"), "{stderr}");
}

#[test]
fn a_benchmark_that_does_not_fit_says_which_case_and_what_is_missing() {
    let stderr = algohost(["bench", "8 operations 10M f32"]).env("ALGOHOST_TENSOR_MB", "50").run().expect_status(1).stderr;
    assert!(stderr.contains("formulas.formula.apply 8 operations 10M f32") && stderr.contains("are in use"), "{stderr}");
}
