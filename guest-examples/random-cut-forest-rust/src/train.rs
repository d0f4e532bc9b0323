//! The life of a training job.

use std::hint::black_box;

use crate::algohost::ml::forest::Score;
use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::select::{bincount, gather};
use crate::algohost::ml::tensors::{Dtype, Tensor, concat, full, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{data, job, random};
use crate::exports::algohost::ml::trainer::Guest;
use crate::grow::{Forest, most_nodes};
use crate::model::{Model, Tensors, score_named};
use crate::quality::{auc, f1, moments, unseen};
use crate::{RandomCutForest, invalid_input};

/// Rows of training whose scores decide the threshold.
const JUDGED_ROWS: u32 = 10_000;
/// A score so many standard deviations above the mean is called an anomaly.
const DEVIATIONS: f64 = 3.0;

impl Guest for RandomCutForest {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let name = job::text("score")?;
        let score = score_named(&name).ok_or_else(|| invalid_input(format!("score '{name}' is not known")))?;
        let rows = read_rows()?;
        let (mean, factor) = if job::flag("normalize_data")? { scale_of(&rows)? } else { identity(rows.shape()[1])? };
        let grown = grow_forest(&rows, &mean, &factor, score)?;
        let tensors = Tensors::new(&grown.forest, grown.bounds, mean, factor)?;
        let model = tensors.model(score)?;
        // Displacement is 0 in a tree that has seen the row, which would say nothing about other rows.
        let seen = (score == Score::Displacement).then_some((grown.seen, grown.forest.roots.len()));
        let threshold = judge_training(&model, &rows, seen)?;
        if data::channels().iter().any(|channel| channel.name == "test") {
            judge_test(&model, threshold)?;
        }
        tensors.save(score, threshold)
    }
}

/// The channel `train`, rows x features, all finite.
fn read_rows() -> Result<Tensor, Error> {
    let batch = data::open_channel("train")?.read_all()?;
    if batch.labels.is_some() {
        let left_out = "the first column is taken for a label and left out: content type text/csv;label_size=0 says there is none";
        job::log(job::Level::Warn, left_out);
    }
    if batch.weights.is_some() {
        job::log(job::Level::Warn, "channel train has weights, which this algorithm does not use");
    }
    check_finite("train", &batch.features)?;
    let shape = batch.features.shape();
    let (n_rows, n_features) = (shape[0], shape[1]);
    if n_features == 0 {
        return Err(invalid_input("channel train has no feature columns: there is nothing to cut"));
    }
    if job::has("feature_dim") && job::integer("feature_dim")? as u32 != n_features {
        let wanted = job::integer("feature_dim")?;
        return Err(invalid_input(format!("channel train has {n_features} feature columns, feature_dim is {wanted}: correct either")));
    }
    job::log(job::Level::Info, &format!("growing trees on {n_rows} rows of {n_features} features"));
    Ok(batch.features)
}

fn check_finite(channel: &str, features: &Tensor) -> Result<(), Error> {
    // Of a number that is not finite, x - x is NaN.
    let missing = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[features])?;
    if missing == 0.0 {
        return Ok(());
    }
    Err(invalid_input(format!("channel {channel}: {missing} values are missing or not finite: fill or drop them before training")))
}

/// Mean of each column and 1 / its standard deviation, both 1 x columns.
fn scale_of(rows: &Tensor) -> Result<(Tensor, Tensor), Error> {
    let means = formulas::reduce(rows, Reduction::Mean, &[0], true)?;
    let variances = formulas::reduce(rows, Reduction::Variance, &[0], true)?;
    // A constant column has a variance of 0, or of what float32 rounds; it becomes zeros and is not blown up.
    let factors = compile("v m", "where(v > 1e-14 * m * m, 1 / sqrt(v), 1)")?.apply(&[&variances, &means])?;
    Ok((means, factors))
}

fn identity(columns: u32) -> Result<(Tensor, Tensor), Error> {
    Ok((zeros(&[1, columns], Dtype::Float32)?, full(&[1, columns], Dtype::Float32, 1.0)?))
}

/// What was grown.
struct Grown {
    forest: Forest,
    /// nodes x 2 x columns; none of isolation, which does without.
    bounds: Option<Tensor>,
    /// The rows that trees have seen, one tree after the other.
    seen: Tensor,
}

/// One tree for each sample. Isolation looks at the first cuts only, as many as halve the sample to single rows.
fn grow_forest(rows: &Tensor, mean: &Tensor, factor: &Tensor, score: Score) -> Result<Grown, Error> {
    let (n_rows, columns) = (rows.shape()[0], rows.shape()[1]);
    let n_trees = job::integer("num_trees")? as u32;
    let (sample, seed) = (sample_size(n_rows, score)?, job::integer("seed")? as u32);
    let max_depth = if score == Score::Isolation { sample.next_power_of_two().ilog2() } else { u32::MAX };
    let samples = Samples { n_rows, seed, sample };
    let scale = compile("m f x", "(x - m) * f")?;
    scale.bind("m", mean)?;
    scale.bind("f", factor)?;
    // One permutation of the rows serves several trees; so few at a time that their rows fit into the guest.
    let at_once = samples.per_permutation().min((1 << 22) / sample.saturating_mul(columns)).max(1);
    let mut forest = Forest { has_bounds: score != Score::Isolation, ..Forest::default() };
    check_memory(at_once, sample, columns, n_trees, forest.has_bounds)?;
    let bounds = if forest.has_bounds { Some(room_for_bounds(n_trees * most_nodes(sample), columns)?) } else { None };
    let mut seen = Vec::new();
    let mut first = 0;
    while first < n_trees {
        let count = at_once.min(samples.left_in_permutation(first)).min(n_trees - first);
        let drawn = samples.of_trees(first, count)?;
        let values = scale.apply(&[&gather(rows, &drawn)?])?;
        let values = floats(&values.cast(Dtype::Float32)?.read(0, count * sample)?);
        let draws = doubles(&random::uniform(&[count * sample], Dtype::Float64, seed, first)?.read(0, count * sample)?);
        seen.push(drawn);
        for tree in 0..count as usize {
            let rows = &values[tree * (sample * columns) as usize..][..(sample * columns) as usize];
            let root = forest.features.len() as u32;
            forest.add_tree(rows, columns as usize, max_depth, &draws[tree * sample as usize..][..sample as usize]);
            if let Some(bounds) = &bounds {
                bounds.write(root, &forest.bounds)?;
            }
        }
        first += count;
        job::progress(f64::from(first), f64::from(n_trees));
        if job::should_stop() {
            break;
        }
    }
    let bounds = bounds.map(|bounds| bounds.slice(0, 0, forest.features.len() as u32)).transpose()?;
    Ok(Grown { forest, bounds, seen: concat(&seen.iter().collect::<Vec<_>>(), 0)? })
}

/// Rows for each tree: as many as are wanted, if there are so many. Displacement needs trees that have not seen a row to judge it by.
fn sample_size(n_rows: u32, score: Score) -> Result<u32, Error> {
    let wanted = job::integer("num_samples_per_tree")? as u32;
    if score != Score::Displacement {
        return Ok(wanted.min(n_rows));
    }
    if n_rows < 2 {
        return Err(invalid_input("channel train has one row: give at least two, since displacement judges rows by trees without them"));
    }
    if wanted > n_rows / 2 {
        let half = n_rows / 2;
        job::log(
            job::Level::Warn,
            &format!(
                "trees sample {half} rows, not {wanted}: half of the {n_rows} rows, since displacement judges rows by trees without them"
            ),
        );
    }
    Ok(wanted.min(n_rows / 2))
}

/// Refuses what does not fit into the guest's memory. What is reserved here is what growing then takes.
fn check_memory(trees_at_once: u32, sample: u32, columns: u32, n_trees: u32, has_bounds: bool) -> Result<(), Error> {
    let values = u64::from(sample) * u64::from(columns);
    let nodes = u64::from(most_nodes(sample));
    let bounds = if has_bounds { nodes * 2 * u64::from(columns) * 4 } else { 0 };
    // Rows as bytes and as numbers; 20 bytes of each node, three times while a list grows and as bytes.
    let bytes = u64::from(trees_at_once) * values * 8 + bounds + u64::from(n_trees) * nodes * 60;
    let mut room: Vec<u8> = Vec::new();
    let fits = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    black_box(&room); // or the compiler would leave the reservation out
    if fits {
        return Ok(());
    }
    let message = format!(
        "growing trees of {sample} rows of {columns} features needs {} MiB, more than the algorithm's memory has left: raise ALGOHOST_MEMORY_MB, or lower num_samples_per_tree",
        bytes >> 20
    );
    Err(Error { code: ErrorCode::LimitExceeded, message })
}

/// In the host, for so many nodes.
fn room_for_bounds(nodes: u32, columns: u32) -> Result<Tensor, Error> {
    zeros(&[nodes, 2, columns], Dtype::Float32).map_err(|Error { code, message }| {
        let mib = (u64::from(nodes) * u64::from(columns)) >> 17;
        let what = format!("the bounds of {nodes} nodes take {mib} MiB: raise ALGOHOST_TENSOR_MB, lower num_trees or num_samples_per_tree");
        Error { code, message: format!("{what}, or take score isolation, which needs none: {message}") }
    })
}

/// Which rows each tree sees: no row twice, and no row again before most others were seen.
struct Samples {
    n_rows: u32,
    seed: u32,
    sample: u32,
}

impl Samples {
    /// Trees that one permutation serves.
    fn per_permutation(&self) -> u32 {
        self.n_rows / self.sample
    }

    /// How many trees from `first` on the same permutation serves.
    fn left_in_permutation(&self, first: u32) -> u32 {
        self.per_permutation() - first % self.per_permutation()
    }

    /// The rows of `count` trees from `first` on, those of a tree together. All of them must be of one permutation.
    fn of_trees(&self, first: u32, count: u32) -> Result<Tensor, Error> {
        let (permutation, within) = (first / self.per_permutation(), first % self.per_permutation());
        let order = random::permutation(self.n_rows, self.seed, permutation)?;
        order.slice(0, within * self.sample, (within + count) * self.sample)
    }
}

/// Scores rows of training, and calls the threshold what lies far above them. `seen`: the rows that trees have seen and the number of trees,
/// where these are not to judge the rows they have seen.
fn judge_training(model: &Model, rows: &Tensor, seen: Option<(Tensor, usize)>) -> Result<f64, Error> {
    let n_rows = rows.shape()[0];
    let order = random::permutation(n_rows, job::integer("seed")? as u32, 0)?;
    // The last ones: the first trees have grown on the first ones.
    let judged = order.slice(0, n_rows.saturating_sub(JUDGED_ROWS), n_rows)?;
    let mut scores = numbers(&model.score(&gather(rows, &judged)?)?)?;
    if let Some((seen, n_trees)) = seen {
        let counts = gather(&bincount(&seen, n_rows)?, &judged)?;
        scores = unseen(&scores, &numbers(&counts)?, n_trees);
    }
    let (mean, deviation) = moments(&scores);
    let threshold = mean + DEVIATIONS * deviation;
    job::metric("train_score", mean, 1);
    job::metric("threshold", threshold, 1);
    Ok(threshold)
}

/// How well the scores tell the anomalies of the channel `test`.
fn judge_test(model: &Model, threshold: f64) -> Result<(), Error> {
    let batch = data::open_channel_with("test", &format!(r#"{{"columns": {}}}"#, model.n_features))?.read_all()?;
    check_finite("test", &batch.features)?;
    let labels = batch.labels.filter(|labels| labels.shape()[1] == 1);
    let labels =
        labels.ok_or_else(|| invalid_input("channel test has no single label column: label its rows with 1 for an anomaly and 0"))?;
    let wrong = compile("y", "y != 0 and y != 1")?.reduce_all(Reduction::Count, &[&labels])?;
    if wrong > 0.0 {
        return Err(invalid_input(format!("channel test: {wrong} labels are not 0 or 1: label anomalies with 1, ordinary rows with 0")));
    }
    let anomalies: Vec<bool> = numbers(&labels)?.into_iter().map(|label| label == 1.0).collect();
    let scores = numbers(&model.score(&batch.features)?)?;
    if let Some(auc) = auc(&scores, &anomalies) {
        job::metric("test_auc", auc, 1);
    }
    job::metric("test_f1", f1(&scores, &anomalies, threshold), 1);
    Ok(())
}

/// A tensor's elements.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>, Error> {
    Ok(doubles(&tensor.cast(Dtype::Float64)?.read(0, tensor.shape()[0])?))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])).collect()
}
