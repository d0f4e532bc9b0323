//! The interface is versioned, gated, and in step with the host.

use std::collections::BTreeSet;

use wit_parser::{Docs, FunctionKind, Resolve, Stability, TypeOwner, WorldItem};

use crate::support::{algohost, guest, guests, repository};

fn resolve() -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(repository().join("wit")).unwrap();
    (resolve, package)
}

#[test]
fn every_item_says_since_when_it_exists() {
    let (resolve, package) = resolve();
    let mut without = Vec::new();
    let mut check = |name: String, stability: &Stability| {
        if !matches!(stability, Stability::Stable { .. } | Stability::Unstable { .. }) {
            without.push(name);
        }
    };
    for (name, &id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[id];
        check(name.clone(), &interface.stability);
        for function in interface.functions.values().filter(|function| !function.name.starts_with('[')) {
            check(format!("{name}.{}", function.name), &function.stability);
        }
        for (type_name, &id) in &interface.types {
            let ty = &resolve.types[id];
            if ty.owner == TypeOwner::Interface(interface_id(&resolve, package, name)) && !is_use(&resolve, ty) {
                check(format!("{name}.{type_name}"), &ty.stability);
            }
        }
    }
    for (name, &id) in &resolve.packages[package].worlds {
        check(name.clone(), &resolve.worlds[id].stability);
    }
    assert!(without.is_empty(), "neither @since nor @unstable: {without:?}");
}

fn interface_id(resolve: &Resolve, package: wit_parser::PackageId, name: &str) -> wit_parser::InterfaceId {
    resolve.packages[package].interfaces[name]
}

/// Whether the type is another interface's, brought in by `use`.
fn is_use(resolve: &Resolve, ty: &wit_parser::TypeDef) -> bool {
    let wit_parser::TypeDefKind::Type(wit_parser::Type::Id(target)) = ty.kind else { return false };
    resolve.types[target].owner != ty.owner
}

#[test]
fn every_interface_function_and_type_is_documented() {
    let (resolve, package) = resolve();
    let mut without = Vec::new();
    let mut check = |name: String, docs: &Docs| {
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            without.push(name);
        }
    };
    for (name, &id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[id];
        check(name.clone(), &interface.docs);
        for function in interface.functions.values().filter(|function| !matches!(function.kind, FunctionKind::Constructor(_))) {
            check(format!("{name}.{}", function.name), &function.docs);
        }
        for (type_name, &id) in interface.types.iter().filter(|&(_, &id)| !is_use(&resolve, &resolve.types[id])) {
            check(format!("{name}.{type_name}"), &resolve.types[id].docs);
        }
    }
    for (name, &id) in &resolve.packages[package].worlds {
        check(name.clone(), &resolve.worlds[id].docs);
    }
    assert!(without.is_empty(), "no documentation: {without:?}");
}

/// The interfaces that the world `imports` offers, by full name.
fn offered() -> BTreeSet<String> {
    let (resolve, package) = resolve();
    let world = &resolve.worlds[resolve.packages[package].worlds["imports"]];
    let version = resolve.packages[package].name.version.clone().unwrap();
    let names = world.imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone(),
        _ => None,
    });
    names.map(|name| format!("algohost:ml/{name}@{version}")).collect()
}

#[test]
fn the_host_grants_what_the_wit_offers_and_nothing_else() {
    for name in offered() {
        assert_eq!(algohost::wasm::Import::check(&name).refused, None, "{name}");
    }
    let other = format!("algohost:ml/nothing@{}", algohost::wasm::HOST_VERSION);
    assert!(algohost::wasm::Import::check(&other).refused.is_some());
}

#[test]
fn the_host_provides_the_version_that_the_wit_declares() {
    assert!(offered().iter().all(|name| name.ends_with(&format!("@{}", algohost::wasm::HOST_VERSION))), "{:?}", offered());
}

#[test]
fn every_example_imports_only_what_the_wit_offers() {
    for name in guests() {
        let report = algohost(["inspect", "--json", guest(&name).to_str().unwrap()]).run().expect_status(0).stdout;
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        for import in report["imports"].as_array().unwrap() {
            let import = import["name"].as_str().unwrap();
            assert!(import.starts_with("wasi:") || offered().contains(import), "{name} imports {import}");
        }
    }
}
