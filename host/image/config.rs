//! The configuration of an image, and the manifest that lists its parts.

use serde_json::{Map, Value, json};

use super::archive::Blob;
use super::base::BaseLayer;
use super::layer::Layer;

const CREATED: &str = "1970-01-01T00:00:00Z";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// How the container runs.
pub(super) struct Run<'a> {
    pub(super) entrypoint: &'a str,
    /// They replace those of the base that have the same name.
    pub(super) variables: &'a [(String, String)],
    pub(super) labels: &'a [(String, String)],
}

/// The configuration of an image made from nothing, without layers.
pub(super) fn of_nothing(architecture: &str) -> Map<String, Value> {
    let config = json!({
        "created": CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    });
    object(config)
}

/// The configuration with layers on top, and the program as its entry.
pub(super) fn extend(mut config: Map<String, Value>, layers: &[Layer], run: &Run<'_>) -> Map<String, Value> {
    let below = config.get("rootfs").and_then(|root| root.get("diff_ids")).and_then(Value::as_array).cloned().unwrap_or_default();
    let diff_ids: Vec<Value> = below.into_iter().chain(layers.iter().map(|layer| layer.diff_id.to_string().into())).collect();
    config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids}));
    if let Some(history) = config.entry("history").or_insert_with(|| json!([])).as_array_mut() {
        history.extend(layers.iter().map(|layer| json!({"created": CREATED, "created_by": layer.story})));
    }
    let mut section = config.remove("config").map(object).unwrap_or_default();
    section.insert("Entrypoint".into(), json!([run.entrypoint]));
    // Of the base: words for another program.
    section.remove("Cmd");
    section.insert("Env".into(), merged_variables(section.get("Env"), run.variables));
    let labels = section.entry("Labels").or_insert_with(|| json!({}));
    if !labels.is_object() {
        *labels = json!({});
    }
    for (name, value) in run.labels {
        labels[name.as_str()] = json!(value);
    }
    config.insert("config".into(), section.into());
    config
}

fn merged_variables(below: Option<&Value>, ours: &[(String, String)]) -> Value {
    let name = |entry: &str| entry.split_once('=').map_or(entry.to_owned(), |(name, _)| name.to_owned());
    let below = below.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let kept = below.filter(|entry| ours.iter().all(|(known, _)| *known != name(entry))).map(str::to_owned);
    kept.chain(ours.iter().map(|(name, value)| format!("{name}={value}"))).collect()
}

/// The manifest as OCI defines it.
pub(super) fn manifest(config: &Blob, below: &[BaseLayer], layers: &[Blob]) -> Vec<u8> {
    let part = |media_type: &str, blob: &Blob| json!({"mediaType": media_type, "digest": blob.digest.to_string(), "size": blob.size()});
    let below = below.iter().map(|layer| part(layer.media_type, &layer.blob));
    let layers: Vec<Value> = below.chain(layers.iter().map(|blob| part(LAYER, blob))).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, config), "layers": layers});
    manifest.to_string().into_bytes()
}

/// The list of an archive's only image, as OCI defines it.
pub(super) fn index(manifest: &Blob, config: &Map<String, Value>, tag: &str) -> Vec<u8> {
    let platform = json!({"architecture": config.get("architecture"), "os": config.get("os")});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": MANIFEST,
            "digest": manifest.digest.to_string(),
            "size": manifest.size(),
            "platform": platform,
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }],
    });
    index.to_string().into_bytes()
}

/// The same list as Docker writes it.
pub(super) fn docker_list(config: &Blob, layers: &[&Blob], tag: &str) -> Vec<u8> {
    let layers: Vec<String> = layers.iter().map(|blob| blob.digest.path()).collect();
    json!([{"Config": config.digest.path(), "RepoTags": [tag], "Layers": layers}]).to_string().into_bytes()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
