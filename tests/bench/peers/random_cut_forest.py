"""Isolation forest of scikit-learn on 200,000 x 10 rows with 1 % anomalies: 100 trees over 256 rows, fit and score.

    python random_cut_forest.py data FOLDER       # writes anomalies-rows.npy (float32), and anomalies-test.npy with the label in front
    python random_cut_forest.py FOLDER THREADS    # fits and scores

Prints one JSON line: seconds to fit and to score (the best of three), and the AUC.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from reading import labelled, timed
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

ROWS, COLUMNS, ANOMALIES = 200_000, 10, 2_000


def data():
    """Three round clusters; anomalies are rows of them, scattered twice as wide."""
    random = np.random.default_rng(0)
    centers = random.uniform(-4, 4, (3, COLUMNS))
    y = np.zeros(ROWS, dtype=np.float32)
    y[random.choice(ROWS, ANOMALIES, replace=False)] = 1
    x = centers[random.integers(0, 3, ROWS)] + random.normal(size=(ROWS, COLUMNS)) * (1 + y[:, np.newaxis])
    return x.astype(np.float32), y


def main():
    if sys.argv[1] == "data":
        folder, (x, y) = Path(sys.argv[2]), data()
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "anomalies-rows.npy", x)
        return np.save(folder / "anomalies-test.npy", np.column_stack([y, x]))
    folder, threads = Path(sys.argv[1]), int(sys.argv[2])
    (x, y), read_seconds = timed(lambda: labelled(folder / "anomalies-test.npy"))
    best = None
    for _ in range(3):
        start = time.perf_counter()
        forest = IsolationForest(n_estimators=100, max_samples=256, n_jobs=threads, random_state=0).fit(x)
        fitted = time.perf_counter()
        scores = -forest.score_samples(x)
        end = time.perf_counter()
        if best is None or end - start < best["seconds"]:
            auc = round(float(roc_auc_score(y, scores)), 4)
            best = {"seconds": end - start, "fit_seconds": fitted - start, "score_seconds": end - fitted, "auc": auc}
    print(json.dumps({"peer": f"scikit-learn {sklearn.__version__} IsolationForest", "threads": threads, "read_seconds": read_seconds, **best}))


main()
