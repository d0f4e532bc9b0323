//! `job`: hyperparameters, the cluster, and the guest's voice.

use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::failure::Code;
use crate::telemetry;
use crate::wasm::bindings::algohost::ml::job::{Cluster, Host, InstanceGroup, Level};
use crate::wasm::guest::{Guest, ImportError};

impl Guest {
    fn hyperparameter(&self, name: &str) -> Result<&Value, ImportError> {
        self.job.hyperparameters.get(name).ok_or_else(|| {
            let what = format!("hyperparameter '{}' has no value: the job gives none and it has no default", telemetry::one_line(name));
            ImportError::new(Code::NotFound, what)
        })
    }

    fn hyperparameter_as<T>(&self, name: &str, kind: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<T, ImportError> {
        let value = self.hyperparameter(name)?;
        read(value).ok_or_else(|| ImportError::new(Code::InvalidInput, format!("hyperparameter '{name}' is {value}, not {kind}")))
    }
}

impl Host for Guest {
    fn has(&mut self, name: String) -> wasmtime::Result<bool> {
        Ok(self.job.hyperparameters.contains_key(&name))
    }

    fn number(&mut self, name: String) -> Result<f64, ImportError> {
        self.hyperparameter_as(&name, "a number", Value::as_f64)
    }

    fn integer(&mut self, name: String) -> Result<i32, ImportError> {
        self.hyperparameter_as(&name, "an integer of 32 bits", |value| value.as_i64().and_then(|value| i32::try_from(value).ok()))
    }

    fn flag(&mut self, name: String) -> Result<bool, ImportError> {
        self.hyperparameter_as(&name, "true or false", Value::as_bool)
    }

    fn text(&mut self, name: String) -> Result<String, ImportError> {
        // Lists are handed over as their JSON text.
        self.hyperparameter_as(&name, "text", |value| match value {
            Value::Array(_) => Some(value.to_string()),
            other => other.as_str().map(str::to_owned),
        })
    }

    fn hyperparameters(&mut self) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&self.job.hyperparameters)?)
    }

    fn cluster_info(&mut self) -> wasmtime::Result<Cluster> {
        let cluster = &self.job.cluster;
        let groups = cluster.groups.iter().map(|group| InstanceGroup {
            name: group.name.clone(),
            instance_type: group.instance_type.clone(),
            hosts: group.hosts.clone(),
        });
        Ok(Cluster {
            hosts: cluster.hosts.clone(),
            current_host: cluster.current_host.clone(),
            rank: cluster.rank,
            size: cluster.hosts.len() as u32,
            network_interface: cluster.network_interface.clone(),
            instance_type: cluster.instance_type.clone(),
            group: cluster.group.clone(),
            groups: groups.collect(),
        })
    }

    fn should_stop(&mut self) -> wasmtime::Result<bool> {
        Ok(self.job.stop.load(Ordering::Relaxed))
    }

    fn remaining_ms(&mut self) -> wasmtime::Result<Option<f64>> {
        Ok(self.deadline.remaining().map(|left| left.as_secs_f64() * 1000.0))
    }

    fn metric(&mut self, name: String, value: f64, step: u32) -> wasmtime::Result<()> {
        self.job.record.metric(&name, value, step);
        Ok(())
    }

    fn progress(&mut self, done: f64, total: f64) -> wasmtime::Result<()> {
        self.job.record.progress(done, total);
        Ok(())
    }

    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => tracing::Level::TRACE,
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        telemetry::guest_log(level, &message);
        Ok(())
    }
}
