//! The life of a training job.

mod guest;
mod setup;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::contract::{Base, Description, Ending, ModelDirectory, Purpose, Settings, TrainingJob, find_component};
use crate::failure::Failure;
use crate::process::Stop;
use crate::report::Account;
use crate::wasm::{self, Algorithm, Host, Origin};
use guest::Ends;
use setup::Parts;

/// Runs the job below the base directory, and leaves `output/success`, or `output/failure` that says why.
///
/// # Errors
/// The failure that was also written to the file.
pub fn run(settings: &Settings, component: Option<&Path>, stop: &Stop) -> Result<()> {
    let ending = Ending::begin(&settings.base);
    let mut account = Account::begin(settings);
    let result = train(settings, component, stop, &ending, &mut account);
    let failure = result.as_ref().err().map(Failure::of);
    account.end(failure.as_ref());
    match &failure {
        None => ending.succeed(),
        Some(failure) => ending.fail(failure),
    }
    result
}

fn train(settings: &Settings, component: Option<&Path>, stop: &Stop, ending: &Ending, account: &mut Account<'_>) -> Result<()> {
    let started = Instant::now();
    let base = &settings.base;
    let job = TrainingJob::read(base)?;
    account.job(&job);
    let program = job.hyperparameters.reserved("sagemaker_program");
    let found = find_component(Purpose::Train, base, settings, component, program)?;
    account.enter("load");
    let host = Host::new(settings.threads)?;
    let algorithm = host.load(&found.path, Origin::new(found.named_by_operator), settings.component_sha256.as_deref())?;
    let description = Description::parse(&wasm::describe(&host, &algorithm)?)?;
    account.component(found.path.clone(), &description);
    let hyperparameters = description.check(&job)?;
    let record = account.values(&job, &description, &hyperparameters);
    announce(&description, &algorithm, &job);
    prepare_folders(base, &job)?;
    let model = ModelDirectory::begin(base, job.resources.rank, &found.path)?;
    let ends = ends(settings, &job, started);
    let (job, algorithm, description) = (&job, &algorithm, &description);
    let parts = Parts { settings, job, algorithm, description, hyperparameters, model: &model, ending, stop, record };
    account.enter("train");
    if let Err(error) = parts.setup().and_then(|setup| guest::run(&host, algorithm, &setup, stop, &ends)) {
        model.discard();
        return Err(error);
    }
    account.enter("save");
    model.publish()?;
    report_model(base, started);
    Ok(())
}

fn ends(settings: &Settings, job: &TrainingJob, started: Instant) -> Ends {
    let limit = settings.max_runtime.or(job.max_runtime).filter(|limit| !limit.is_zero());
    Ends { grace: settings.stop_grace, at: limit.and_then(|limit| Some((limit, started.checked_add(limit)?))) }
}

fn announce(description: &Description, algorithm: &Algorithm, job: &TrainingJob) {
    let channels: Vec<&str> = job.channels.iter().map(|channel| channel.name.as_str()).collect();
    tracing::info!(
        "train: {} {} from {}; channels: {}; host {} of {}",
        description.name,
        description.version,
        algorithm.name(),
        if channels.is_empty() { "none".to_owned() } else { channels.join(", ") },
        job.resources.rank + 1,
        job.resources.hosts.len()
    );
}

fn prepare_folders(base: &Base, job: &TrainingJob) -> Result<()> {
    for folder in [Some(base.output_data()), job.checkpoints.clone()].into_iter().flatten() {
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    Ok(())
}

fn report_model(base: &Base, started: Instant) {
    let files = crate::data::files::list(&base.model()).unwrap_or_default();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let seconds = started.elapsed().as_secs_f64();
    if files.is_empty() {
        tracing::warn!("train: done in {seconds:.3} s, but the algorithm left no model in {}", base.model().display());
    } else {
        let names: Vec<&str> = files.iter().take(5).map(|file| file.name.as_str()).collect();
        tracing::info!("train: done in {seconds:.3} s; model: {} ({} files, {bytes} bytes)", names.join(", "), files.len());
    }
}
