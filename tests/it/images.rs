//! `algohost image` without containers: what it refuses, and what it says.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Base, algohost, fixture};

/// A tar archive with these files.
fn archive(path: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    let mut tar = tar::Builder::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.finish().unwrap();
    path.to_owned()
}

fn read_entry(path: &Path, name: &str) -> Vec<u8> {
    let mut tar = tar::Archive::new(std::fs::File::open(path).unwrap());
    let mut entry = tar.entries().unwrap().map(Result::unwrap).find(|entry| entry.path().unwrap().to_str() == Some(name)).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
    bytes
}

/// A Docker archive of an image with one layer, which need not be one.
fn docker_base(path: &Path, architecture: &str) -> PathBuf {
    let config = json!({"architecture": architecture, "os": "linux", "config": {"User": "app"}, "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]}});
    let list = json!([{"Config": "config.json", "RepoTags": ["base:1"], "Layers": ["one/layer.tar"]}]);
    archive(
        path,
        &[("config.json", config.to_string().as_bytes()), ("manifest.json", list.to_string().as_bytes()), ("one/layer.tar", b"layer")],
    )
}

fn words<'a>(component: &'a Path, output: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["image", component.to_str().unwrap(), "-o", output.to_str().unwrap()];
    words.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn a_program_that_is_linked_dynamically_needs_a_base() {
    let base = Base::new();
    let (component, output) = (fixture(base.path(), "describes"), base.join("image.tar"));
    let stderr = algohost(words(&component, &output, &[])).run().expect_status(64).stderr;
    assert!(stderr.contains("is linked dynamically") && stderr.contains("host/build.sh") && !output.exists(), "{stderr}");
    let below = docker_base(&base.join("base.tar"), architecture());
    let stdout = algohost(words(&component, &output, &["--base", below.to_str().unwrap()])).run().expect_status(0).stdout;
    assert!(stdout.contains("image describes:latest in ") && stdout.contains("3 layers"), "{stdout}");
    let list: Value = serde_json::from_slice(&read_entry(&output, "manifest.json")).unwrap();
    assert_eq!(list[0]["RepoTags"], json!(["describes:latest"]));
    let config: Value = serde_json::from_slice(&read_entry(&output, list[0]["Config"].as_str().unwrap())).unwrap();
    assert_eq!((config["config"]["User"].as_str(), config["rootfs"]["diff_ids"][0].as_str()), (Some("app"), Some("sha256:0")));
    assert_eq!(read_entry(&output, list[0]["Layers"][0].as_str().unwrap()), b"layer");
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

#[test]
fn a_base_that_is_none_is_refused_with_a_reason() {
    let base = Base::new();
    let (component, output) = (fixture(base.path(), "describes"), base.join("image.tar"));
    let refused = |below: &Path, wanted: &str, status: i32| {
        let stderr = algohost(words(&component, &output, &["--base", below.to_str().unwrap()])).run().expect_status(status).stderr;
        assert!(stderr.contains(wanted), "wanted {wanted}: {stderr}");
        assert!(!output.exists() && !base.join("image.tar.partial").exists());
    };
    refused(&base.join("nowhere.tar"), "there is no base image at", 1);
    base.write("text", "this is text and no archive of anything");
    refused(&base.join("text"), "is no tar archive", 1);
    base.write("packed", [0x1f, 0x8b, 8, 0]);
    refused(&base.join("packed"), "is packed with gzip; unpack it first", 1);
    refused(&archive(&base.join("empty.tar"), &[("a", b"b")]), "has neither index.json nor manifest.json", 1);
    refused(&docker_base(&base.join("other.tar"), "riscv64"), "is an image for riscv64", 1);
    let two = json!([{"Config": "a"}, {"Config": "b"}]).to_string();
    refused(&archive(&base.join("two.tar"), &[("manifest.json", two.as_bytes())]), "has 2 images, wanted one", 1);
    let lacking = json!([{"Config": "config.json", "Layers": []}]).to_string();
    refused(&archive(&base.join("lacking.tar"), &[("manifest.json", lacking.as_bytes())]), "lacks config.json, which it says it has", 1);
    refused(&archive(&base.join("broken.tar"), &[("manifest.json", b"[{")]), "has no JSON in manifest.json", 1);
    refused(&damaged(&base.join("damaged.tar")), "is damaged: its blob sha256:", 1);
}

/// An OCI archive whose layer is not what its name says.
fn damaged(path: &Path) -> PathBuf {
    let config = json!({"architecture": architecture(), "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]}}).to_string();
    let (config_digest, layer_digest) = (algohost::wasm::sha256(config.as_bytes()), algohost::wasm::sha256(b"layer"));
    let part = |digest: &str, kind: &str| json!({"digest": format!("sha256:{digest}"), "mediaType": format!("application/vnd.oci.image.{kind}"), "size": 5});
    let manifest = json!({"config": part(&config_digest, "config.v1+json"), "layers": [part(&layer_digest, "layer.v1.tar")]}).to_string();
    let manifest_digest = algohost::wasm::sha256(manifest.as_bytes());
    let index = json!({"manifests": [part(&manifest_digest, "manifest.v1+json")]}).to_string();
    let blob = |digest: &str| format!("blobs/sha256/{digest}");
    archive(
        path,
        &[
            ("index.json", index.as_bytes()),
            (&blob(&config_digest), config.as_bytes()),
            (&blob(&layer_digest), b"LAYER"),
            (&blob(&manifest_digest), manifest.as_bytes()),
        ],
    )
}

#[test]
fn words_of_an_image_that_make_no_sense_are_refused() {
    let base = Base::new();
    let (component, output) = (fixture(base.path(), "describes"), base.join("image.tar"));
    for (more, wanted) in [
        (&["--tag", "Upper:1"][..], "the image's name is 'Upper:1', wanted NAME:TAG"),
        (&["--tag", "a:b:c"], "the image's name is 'a:b:c', wanted NAME:TAG"),
        (&["--env", "NAME"], "--env is 'NAME', wanted NAME=VALUE"),
        (&["--label", "=value"], "--label is '=value', wanted NAME=VALUE"),
        (&["--cpu", "pentium"], "--cpu is 'pentium', wanted native"),
    ] {
        let stderr = algohost(words(&component, &output, more)).run().expect_status(64).stderr;
        assert!(stderr.contains(wanted), "{more:?}: {stderr}");
    }
    let stderr = algohost(["image"]).run().expect_status(64).stderr;
    assert!(stderr.contains("image needs a component"), "{stderr}");
}

#[test]
fn files_that_do_not_fit_an_image_are_refused() {
    let base = Base::new();
    let (component, output) = (fixture(base.path(), "describes"), base.join("image.tar"));
    base.write("text.pem", "no certificate").write("script", "#!/bin/sh\n");
    std::fs::create_dir(base.join("nothing")).unwrap();
    let script = base.join("script");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let below = docker_base(&base.join("base.tar"), architecture());
    for (flag, file, wanted, status) in [
        ("--ca-certificates", "text.pem", "has no certificate as PEM in it", 1),
        ("--ca-certificates", "missing.pem", "is not there", 1),
        ("--model", "nothing", "there are no files in the model directory", 1),
        ("--program", "missing", "cannot be run here", 1),
        ("--program", "script", "does not run", 2),
    ] {
        let (file, below) = (base.join(file), below.to_str().unwrap());
        let stderr =
            algohost(words(&component, &output, &["--base", below, flag, file.to_str().unwrap()])).run().expect_status(status).stderr;
        assert!(stderr.contains(wanted), "{flag}: {stderr}");
        assert!(!output.exists() && !base.join("image.cwasm.partial").exists());
    }
}

#[test]
fn code_for_processors_that_this_one_is_not_is_refused_in_words() {
    let base = Base::new();
    let (component, compiled) = (fixture(base.path(), "describes"), base.join("describes.cwasm"));
    let describe = || algohost(["describe", compiled.to_str().unwrap()]).run();
    let compile = |level: &str| {
        let said = algohost(["compile", component.to_str().unwrap(), "--cpu", level]).run().expect_status(0).stdout;
        assert!(said.contains(&format!("for {level} processors")), "{said}");
    };
    compile("native");
    describe().expect_status(0);
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    // The tests need this much themselves.
    for level in ["x86-64", "x86-64-v2"] {
        compile(level);
        describe().expect_status(0);
    }
    compile("x86-64-v4");
    // The digest of the code differs, and so does what is asked of the processor.
    if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512dq") {
        describe().expect_status(0);
        return;
    }
    let stderr = describe().expect_status(2).stderr;
    assert!(stderr.contains("was compiled for processors with AVX512") && stderr.contains("--cpu x86-64-v2"), "{stderr}");
}
