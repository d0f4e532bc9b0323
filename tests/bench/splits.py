#!/usr/bin/env python3
"""Judges a sample's settings on ten other divisions of its data than the one that the sample ships.

    target/peers/bin/python tests/bench/splits.py ALGOHOST COMPONENT EXAMPLE SAMPLE

EXAMPLE and SAMPLE name `guest-examples/EXAMPLE/samples/SAMPLE`: mlp-rust digits, mlp-rust diabetes or random-cut-forest-rust breast-cancer. The data are
scikit-learn's; a quarter of the rows is held out at random each time (of breast-cancer, all but 250 benign and ten malignant ones). The
settings were chosen once, with the shipped division in view, so these ten say what they are worth on rows that nobody looked at.
Prints the metric of each division, and their mean, least and largest.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn import datasets

SPLITS = 10


def divisions(sample):
    """Pairs of tables: to learn from, and held out with the label in front."""
    x, y = {"digits": datasets.load_digits, "diabetes": datasets.load_diabetes, "breast-cancer": datasets.load_breast_cancer}[sample](return_X_y=True)
    for seed in range(SPLITS):
        order = np.random.default_rng(1000 + seed).permutation(len(y))
        if sample != "breast-cancer":
            table = np.column_stack([y, x])[order]
            yield table[len(y) // 4 :], table[: len(y) // 4]
            continue
        malignant = y == 0
        chosen = np.concatenate([order[~malignant[order]][:250], order[malignant[order]][:10]])
        others = np.setdiff1d(order, chosen)
        yield x[chosen], np.column_stack([malignant[others], x[others]])


def measure(algohost, component, hyperparameters, channels, metric):
    with tempfile.TemporaryDirectory() as base:
        config = Path(base) / "input/config"
        config.mkdir(parents=True)
        (config / "hyperparameters.json").write_text(hyperparameters)
        (config / "resourceconfig.json").write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
        types = {name: {"TrainingInputMode": "File", "ContentType": content_type} for name, (_, content_type) in channels.items()}
        (config / "inputdataconfig.json").write_text(json.dumps(types))
        for name, (table, _) in channels.items():
            place = Path(base) / "input/data" / name
            place.mkdir(parents=True)
            np.savetxt(place / f"{name}.csv", table, fmt="%.9g", delimiter=",")
        done = subprocess.run([algohost, "train", "--base", base, "--component", component], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        lines = [line for line in done.stdout.splitlines() if line.startswith(metric + "=")]
        return float(lines[-1].split("=")[1].split()[0])


def main(algohost, component, example, sample):
    folder = Path(__file__).parents[2] / "guest-examples" / example / "samples" / sample
    hyperparameters = (folder / "input/config/hyperparameters.json").read_text()
    forest = example == "random-cut-forest-rust"
    metric = "test_auc" if forest else "validation_r2" if sample == "diabetes" else "validation_accuracy"
    found = []
    for train, held_out in divisions(sample):
        channels = {"train": (train, "text/csv;label_size=0" if forest else "text/csv")}
        channels["test" if forest else "validation"] = (held_out, "text/csv")
        found.append(measure(algohost, component, hyperparameters, channels, metric))
        print(f"{metric} {found[-1]:.4f}", flush=True)
    print(f"{example} {sample}, {SPLITS} divisions: {metric} {np.mean(found):.4f} on the average, {min(found):.4f} to {max(found):.4f}")


if len(sys.argv) == 5:
    main(*sys.argv[1:])
else:
    sys.exit(__doc__)
