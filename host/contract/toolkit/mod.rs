//! The variables and arguments that the training toolkit gives to a script, byte for byte: `SM_*`, and `--name value`.
//!
//! Algorithms that were scripts once read them; paths are the platform's own names, which is also how a guest sees them. Where the toolkit
//! prints what no JSON parser takes (`NaN`, `Infinity`, whole numbers of more than 64 bits), this prints the text, or the nearest number.

mod passed;
mod python;

use anyhow::Result;
use serde_json::{Map, Value, json};

pub(super) use passed::passed;

use super::Object;
use super::files::read_object;
use super::hyperparameters::RESERVED;
use super::paths::Base;

/// The machine that the job runs on, as far as the toolkit tells it.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Processors of this process.
    pub processors: usize,
    /// NVIDIA devices that the container was given.
    pub gpus: usize,
}

impl Machine {
    /// The one that this process runs on.
    pub fn present() -> Machine {
        let devices = std::fs::read_dir("/dev").into_iter().flatten().flatten();
        let is_gpu = |name: &str| name.strip_prefix("nvidia").is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        Machine {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            gpus: devices.filter(|device| device.file_name().to_str().is_some_and(is_gpu)).count(),
        }
    }
}

/// The job as the toolkit sees it: the three files as they stand, hyperparameters decoded.
#[derive(Clone, Debug)]
pub struct Toolkit {
    own: Object,
    reserved: Object,
    framework: Object,
    channels: Object,
    resources: Object,
    /// The job's own variables, the harmless ones.
    variables: Vec<(String, String)>,
}

impl Toolkit {
    /// Reads the three configuration files, which are known to be sound; `variables` are those of the job that a guest may see.
    ///
    /// # Errors
    /// When a file is gone or no JSON object.
    pub fn read(base: &Base, variables: &[(String, String)]) -> Result<Toolkit> {
        let (mut own, mut reserved, mut framework) = (Map::new(), Map::new(), Map::new());
        for (name, value) in read_object(base, "hyperparameters.json")? {
            let side = match name.as_str() {
                name if RESERVED.contains(&name) => &mut reserved,
                name if name.starts_with("sagemaker_") => &mut framework,
                _ => &mut own,
            };
            side.insert(name, decoded(value));
        }
        let (channels, resources) = (read_object(base, "inputdataconfig.json")?, read_object(base, "resourceconfig.json")?);
        Ok(Toolkit { own, reserved, framework, channels, resources, variables: variables.to_vec() })
    }

    /// The command line after the program's name: names sorted, each followed by its value.
    pub fn arguments(&self) -> Vec<String> {
        let argument = |(name, value): (&String, &Value)| {
            let dashes = match name.chars().count() {
                0 => "",
                1 => "-",
                _ => "--",
            };
            let value = match value {
                Value::Object(map) => {
                    let entries = python::sorted(map).into_iter().map(|(key, value)| format!("{key}={}", python::str_inside(value)));
                    entries.collect::<Vec<_>>().join(",")
                }
                other => python::str(other),
            };
            [format!("{dashes}{name}"), value]
        };
        python::sorted(&self.own).into_iter().flat_map(argument).collect()
    }

    /// All variables of a guest: the job's own, then the toolkit's, which win where names are the same. Sorted by name.
    pub fn environment(&self, machine: Machine) -> Vec<(String, String)> {
        let mut all: std::collections::BTreeMap<String, String> = self.variables.iter().cloned().collect();
        all.insert("CURRENT_HOST".into(), text(self.resources.get("current_host")));
        all.insert("SAGEMAKER_JOB_NAME".into(), text(self.reserved.get("sagemaker_job_name")));
        let region = self.reserved.get("sagemaker_region").map(|region| text(Some(region)));
        let region = region.or_else(|| self.variable("AWS_DEFAULT_REGION")).or_else(|| self.variable("AWS_REGION"));
        all.insert("SAGEMAKER_REGION".into(), region.unwrap_or_default());
        for (name, value) in self.values(machine) {
            all.insert(format!("SM_{}", name.to_uppercase()), text(Some(&value)));
        }
        all.into_iter().collect()
    }

    /// The values behind the `SM_` variables, by the names that come after.
    fn values(&self, machine: Machine) -> Map<String, Value> {
        let training = self.training_env(machine);
        let mut values = Map::new();
        for (name, key) in [
            ("hosts", "hosts"),
            ("network_interface_name", "network_interface_name"),
            ("hps", "hyperparameters"),
            ("user_entry_point", "user_entry_point"),
            ("framework_params", "additional_framework_parameters"),
            ("resource_config", "resource_config"),
            ("input_data_config", "input_data_config"),
            ("output_data_dir", "output_data_dir"),
            ("current_host", "current_host"),
            ("current_instance_type", "current_instance_type"),
            ("current_instance_group", "current_instance_group"),
            ("current_instance_group_hosts", "current_instance_group_hosts"),
            ("instance_groups", "instance_groups"),
            ("instance_groups_dict", "instance_groups_dict"),
            ("distribution_instance_groups", "distribution_instance_groups"),
            ("is_hetero", "is_hetero"),
            ("module_name", "module_name"),
            ("log_level", "log_level"),
            ("framework_module", "framework_module"),
            ("input_dir", "input_dir"),
            ("input_config_dir", "input_config_dir"),
            ("output_dir", "output_dir"),
            ("num_cpus", "num_cpus"),
            ("num_gpus", "num_gpus"),
            ("num_neurons", "num_neurons"),
            ("model_dir", "model_dir"),
            ("module_dir", "module_dir"),
            ("output_intermediate_dir", "output_intermediate_dir"),
        ] {
            values.insert(name.into(), training.get(key).cloned().unwrap_or_default());
        }
        values.insert("channels".into(), python::sorted(&self.channels).into_iter().map(|(name, _)| name.as_str()).collect());
        values.insert("user_args".into(), self.arguments().into());
        if let Some(topology) = self.resources.get("topology").filter(|topology| is_true(topology)) {
            values.insert("topology".into(), topology.clone());
        }
        for name in self.channels.keys() {
            values.insert(format!("channel_{name}"), channel_dir(name).into());
        }
        values.extend(self.own.iter().map(|(name, value)| (format!("hp_{name}"), value.clone())));
        values.insert("training_env".into(), Value::Object(training));
        values
    }

    /// The object of `SM_TRAINING_ENV`: everything that the toolkit knows.
    fn training_env(&self, machine: Machine) -> Map<String, Value> {
        let cluster = self.cluster();
        let given = |name: &str| self.reserved.get(name).filter(|value| !value.is_null());
        let program = self.variable("SAGEMAKER_PROGRAM").or_else(|| given("sagemaker_program").map(python::str));
        // Without a program, the toolkit prints Python's None as the module's name.
        let module = program.clone().unwrap_or_else(|| "None".into());
        let mut env = json!({
            "additional_framework_parameters": self.framework,
            "channel_input_dirs": self.channels.keys().map(|name| (name.clone(), channel_dir(name).into())).collect::<Object>(),
            "framework_module": self.variable("SAGEMAKER_TRAINING_MODULE"),
            "hyperparameters": self.own,
            "input_config_dir": below("input/config"),
            "input_data_config": self.channels,
            "input_dir": below("input"),
            "is_modelparallel_enabled": self.variable("SM_HP_MP_PARAMETERS").map(|parameters| parameters != "{}"),
            "is_smddpmprun_installed": false,
            "is_smddprun_installed": false,
            "job_name": self.variable("TRAINING_JOB_NAME"),
            "log_level": self.reserved.get("sagemaker_container_log_level").cloned().unwrap_or_else(|| 20.into()),
            "model_dir": below("model"),
            "module_dir": given("sagemaker_submit_directory").map_or_else(|| below("code"), python::str),
            "module_name": module.strip_suffix(".py").unwrap_or(&module),
            "network_interface_name": self.resources.get("network_interface_name").cloned().unwrap_or_else(|| "eth0".into()),
            "num_cpus": machine.processors,
            "num_gpus": machine.gpus,
            "num_neurons": 0,
            "output_data_dir": below("output/data"),
            "output_dir": below("output"),
            "output_intermediate_dir": below("output/intermediate"),
            "resource_config": self.resources,
            "topology": self.resources.get("topology").cloned().unwrap_or_else(|| json!([])),
            "user_entry_point": program,
        });
        let mut all = cluster;
        all.extend(env.as_object_mut().map(std::mem::take).unwrap_or_default());
        all
    }

    /// Hosts and groups, and which of them work together.
    fn cluster(&self) -> Object {
        let hosts = self.resources.get("hosts").cloned().unwrap_or_else(|| json!([]));
        let groups: Vec<&Object> = self.resources.get("instance_groups").map(objects).unwrap_or_default();
        let name_of = |group: &&Object| group.get("instance_group_name").cloned().unwrap_or_default();
        let current_group = self.resources.get("current_group_name").cloned().unwrap_or_else(|| "homogeneousCluster".into());
        let distribution = match self.framework.get("sagemaker_distribution_instance_groups") {
            Some(named) => named.clone(),
            None if DISTRIBUTIONS.iter().any(|name| self.framework.get(*name).is_some_and(is_true)) => json!([current_group]),
            None => json!([]),
        };
        let is_distributed = |group: &&&Object| distribution.as_array().is_some_and(|names| names.contains(&name_of(group)));
        let hosts_of = |group: &&Object| group.get("hosts").and_then(Value::as_array).cloned().unwrap_or_default();
        let distribution_hosts = match groups.is_empty() {
            true => hosts.clone(),
            false => groups.iter().filter(is_distributed).flat_map(hosts_of).collect(),
        };
        let first = |hosts: &Value| hosts.get(0).cloned();
        let master = first(&distribution_hosts).or_else(|| first(&hosts)).unwrap_or_default();
        let current = self.resources.get("current_host").cloned().unwrap_or_default();
        let group_hosts = groups.iter().find(|group| name_of(group) == current_group).map(hosts_of).unwrap_or_default();
        let by_name: Object = groups.iter().map(|&group| (text(Some(&name_of(&group))), Value::Object(group.clone()))).collect();
        let cluster = json!({
            "current_host": current, "current_instance_group": current_group, "current_instance_group_hosts": group_hosts,
            "current_instance_type": self.resources.get("current_instance_type").cloned().unwrap_or_else(|| "local".into()),
            "distribution_hosts": distribution_hosts, "distribution_instance_groups": distribution, "hosts": hosts,
            "instance_groups": groups.iter().map(name_of).collect::<Vec<_>>(), "instance_groups_dict": by_name,
            "is_hetero": groups.len() > 1, "is_master": current == master, "master_hostname": master,
        });
        if let Value::Object(cluster) = cluster { cluster } else { Map::new() }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// Framework parameters that say that the hosts of this group work together.
const DISTRIBUTIONS: [&str; 7] = [
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
];

/// A hyperparameter as the toolkit decodes it: JSON where a string holds it, otherwise as it is.
fn decoded(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

/// A variable's text: strings as they are, null empty, everything else JSON.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => python::json(other),
    }
}

/// What Python takes for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(it) => *it,
        Value::Number(it) => it.as_f64() != Some(0.0),
        Value::String(it) => !it.is_empty(),
        Value::Array(it) => !it.is_empty(),
        Value::Object(it) => !it.is_empty(),
    }
}

fn objects(value: &Value) -> Vec<&Object> {
    value.as_array().map(|values| values.iter().filter_map(Value::as_object).collect()).unwrap_or_default()
}

fn below(path: &str) -> String {
    format!("{}/{path}", Base::PLATFORM)
}

fn channel_dir(name: &str) -> String {
    below(&format!("input/data/{name}"))
}

#[cfg(test)]
mod tests;
