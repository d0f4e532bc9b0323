"""Isolation forest of scikit-learn on 200,000 x 10 rows with 1 % anomalies: 100 trees over 256 rows, fit and score.

    python random_cut_forest.py THREADS [FOLDER]

Prints one JSON line: seconds to fit and to score (the best of three), and the AUC. With FOLDER the rows and labels are written there as
x.npy (float32) and y.npy, so that others are measured on the same ones.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
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
    threads = int(sys.argv[1])
    x, y = data()
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y)
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
    print(json.dumps({"peer": f"scikit-learn {sklearn.__version__} IsolationForest", "threads": threads, **best}))


main()
