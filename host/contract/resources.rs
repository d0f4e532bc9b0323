//! `input/config/resourceconfig.json`: the machines of the job.

use anyhow::Result;
use serde_json::Value;

use super::Object;
use super::files::{kind, optional_text, read_object};
use super::paths::Base;
use crate::failure::Failure;

const FILE: &str = "resourceconfig.json";

/// One group of a heterogeneous cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the platform's own words")]
pub struct Group {
    pub name: String,
    pub instance_type: String,
    pub hosts: Vec<String>,
}

/// The machines, and which of them this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// This host's name.
    pub current_host: String,
    /// All hosts in plain byte order, so that every host counts the same ranks.
    pub hosts: Vec<String>,
    /// Position of `current_host` in `hosts`.
    pub rank: usize,
    /// Where the hosts reach each other.
    pub network_interface: String,
    /// This host's instance type, where the platform tells it, itself or by the host's group.
    pub instance_type: Option<String>,
    /// The group this host belongs to, by name or because it lists the host.
    pub group: Option<String>,
    /// The groups, in a heterogeneous cluster.
    pub groups: Vec<Group>,
}

impl Resources {
    pub(super) fn read(base: &Base) -> Result<Resources> {
        let config = read_object(base, FILE)?;
        let mut hosts = texts(&config, "hosts")?;
        hosts.sort();
        let Some(current_host) = optional_text(FILE, &config, "current_host")? else {
            return Err(Failure::user(format!("{FILE}: current_host is missing")).into());
        };
        let Some(rank) = hosts.iter().position(|host| *host == current_host) else {
            return Err(Failure::user(format!("{FILE}: current_host '{current_host}' is none of hosts: {}", hosts.join(", "))).into());
        };
        let groups = groups(&config)?;
        let own = groups.iter().find(|group| group.hosts.contains(&current_host));
        let group = optional_text(FILE, &config, "current_group_name")?.or_else(|| own.map(|group| group.name.clone()));
        let instance_type = optional_text(FILE, &config, "current_instance_type")?;
        Ok(Resources {
            rank,
            hosts,
            instance_type: instance_type.or_else(|| own.map(|group| group.instance_type.clone())),
            current_host,
            network_interface: optional_text(FILE, &config, "network_interface_name")?.unwrap_or_else(|| "eth0".into()),
            group,
            groups,
        })
    }
}

fn texts(object: &Object, key: &str) -> Result<Vec<String>, Failure> {
    let wrong = |found: &str| Failure::user(format!("{FILE}: {key} is {found}, wanted a list of names"));
    let Some(Value::Array(values)) = object.get(key) else {
        return Err(wrong(object.get(key).map_or("missing", kind)));
    };
    let names: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    names.filter(|names| !names.is_empty()).ok_or_else(|| wrong("a list without names"))
}

fn groups(config: &Object) -> Result<Vec<Group>, Failure> {
    let Some(value) = config.get("instance_groups") else { return Ok(Vec::new()) };
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Value::Array(values) = value else {
        return Err(Failure::user(format!("{FILE}: instance_groups is {}, wanted a list", kind(value))));
    };
    values.iter().map(group).collect()
}

fn group(value: &Value) -> Result<Group, Failure> {
    let Value::Object(group) = value else {
        return Err(Failure::user(format!("{FILE}: instance_groups holds {}, wanted objects", kind(value))));
    };
    let mut hosts = texts(group, "hosts")?;
    hosts.sort();
    Ok(Group {
        name: optional_text(FILE, group, "instance_group_name")?.unwrap_or_default(),
        instance_type: optional_text(FILE, group, "instance_type")?.unwrap_or_default(),
        hosts,
    })
}
