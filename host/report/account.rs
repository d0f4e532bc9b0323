//! A report being gathered while its job runs.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Map;

use super::{Channel, Component, Report, Usage, Value, html};
use crate::contract::{self, Description, Settings, TrainingJob};
use crate::data::files;
use crate::failure::Failure;
use crate::telemetry::{Declared, Embedded, Record, Telling, warnings};

/// What a job says of itself, from its first moment to its last.
pub struct Account<'a> {
    settings: &'a Settings,
    component_file: Option<PathBuf>,
    record: Arc<Record>,
    phase: (&'static str, Instant),
    report: Report,
}

impl<'a> Account<'a> {
    /// Begins with the phase `start`. What an earlier job below the same base said is removed.
    pub fn begin(settings: &'a Settings) -> Account<'a> {
        for stale in [settings.base.metrics_file(), settings.base.report_file()] {
            let _ = std::fs::remove_file(stale);
        }
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Account {
            settings,
            component_file: None,
            record: Arc::default(),
            phase: ("start", Instant::now()),
            report: Report { began, job: settings.job_name.clone(), ..Report::default() },
        }
    }

    /// Begins the next phase.
    pub fn enter(&mut self, phase: &'static str) {
        self.leave();
        self.phase = (phase, Instant::now());
    }

    fn leave(&mut self) {
        self.record.settle();
        self.report.phases.push((self.phase.0, self.phase.1.elapsed()));
    }

    /// The job is known: its channels and machines.
    pub fn job(&mut self, job: &TrainingJob) {
        let resources = &job.resources;
        self.report.host = Some(format!("{} ({} of {})", resources.current_host, resources.rank + 1, resources.hosts.len()));
        self.report.channels = job.channels.iter().map(channel).collect();
        let given = |(name, value): (&String, &serde_json::Value)| Value::of(name, value, true);
        self.report.hyperparameters = job.hyperparameters.own().iter().map(given).collect();
    }

    /// The component is known.
    pub fn component(&mut self, file: PathBuf, description: &Description) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.report.component = Some(Component {
            name: description.name.clone(),
            version: description.version.clone(),
            summary: description.summary.clone(),
            file: name,
            digest: None,
        });
        self.component_file = Some(file);
        let goal = |metric: &contract::Metric| Some((metric.name.clone(), metric.goal?));
        self.report.goals = description.metrics.iter().filter_map(goal).collect();
    }

    /// The hyperparameters are known: what the job gives, and the values with defaults filled in. Answers the record that the job's own
    /// voice goes to.
    pub fn values(&mut self, job: &TrainingJob, description: &Description, values: &Map<String, serde_json::Value>) -> Arc<Record> {
        let value = |(name, value): (&String, &serde_json::Value)| Value::of(name, value, job.hyperparameters.own().contains_key(name));
        self.report.hyperparameters = values.iter().map(value).collect();
        let declared = description.metrics.iter().map(|metric| Declared { name: metric.name.clone(), unit: metric.unit.clone() });
        let embedded = |namespace| Embedded { namespace, job: self.settings.job_name.clone(), host: job.resources.current_host.clone() };
        self.record = Arc::new(Record::new(Telling {
            declared: declared.collect(),
            file: Some(self.settings.base.metrics_file()),
            embedded: self.settings.emf_namespace.clone().map(embedded),
            progress_every: self.settings.progress_every,
        }));
        Arc::clone(&self.record)
    }

    /// The end: tells the last metrics and writes the report, unless it is switched off or the algorithm wrote one of its own.
    pub fn end(mut self, failure: Option<&Failure>) {
        self.leave();
        self.report.curves = self.record.finish();
        if !self.settings.report {
            return;
        }
        let path = self.settings.base.report_file();
        let folder_made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        self.complete(failure);
        // Only a new file: a link that the algorithm left there is not followed.
        let written = folder_made.and_then(|()| File::create_new(&path)?.write_all(html(&self.report).as_bytes()));
        match written {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                tracing::warn!("train: no report is written: {} is the algorithm's own", path.display());
            }
            Err(error) => tracing::warn!("train: the report {} cannot be written: {error}", path.display()),
            Ok(()) => {}
        }
    }

    fn complete(&mut self, failure: Option<&Failure>) {
        let shapes = self.record.channels();
        for channel in &mut self.report.channels {
            if let Some(shape) = shapes.get(&channel.name) {
                (channel.columns, channel.rows) = (Some(shape.columns), shape.rows);
            }
        }
        if let (Some(component), Some(file)) = (&mut self.report.component, &self.component_file) {
            component.digest = std::fs::read(file).ok().map(|bytes| crate::wasm::sha256(&bytes));
        }
        let model = files::list(&self.settings.base.model()).unwrap_or_default();
        self.report.model = model.into_iter().map(|file| (file.name, file.bytes)).collect();
        self.report.failure = failure.map(Failure::report);
        self.report.warnings = warnings();
        self.report.usage = Usage::now(match self.settings.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        });
        self.report.phases.retain(|(_, time)| *time > Duration::ZERO);
    }
}

impl Value {
    fn of(name: &str, value: &serde_json::Value, given: bool) -> Value {
        Value { name: name.to_owned(), value: value.as_str().map_or_else(|| value.to_string(), str::to_owned), given }
    }
}

fn channel(channel: &contract::Channel) -> Channel {
    let listed = match channel.mode {
        contract::InputMode::Pipe => None,
        contract::InputMode::File | contract::InputMode::FastFile => files::list(&channel.folder).ok(),
    };
    Channel {
        name: channel.name.clone(),
        content_type: channel.content_type.clone(),
        files: listed.as_ref().map(Vec::len),
        bytes: listed.iter().flatten().map(|file| file.bytes).sum(),
        ..Channel::default()
    }
}
