"""MLPClassifier of scikit-learn: one hidden layer of 100 units, Adam, mini-batches of 200, ten epochs over 60,000 x 64 rows of ten classes.

    pip install numpy scikit-learn threadpoolctl
    python mlp.py THREADS [FOLDER]

Prints one JSON line: seconds of training, CPU seconds of all threads, and the accuracy on 10,000 other rows. With FOLDER the rows are
written there as train.csv and validation.csv, label first, so that others learn from the same ones.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

ROWS, HELD_OUT, FEATURES, CLASSES, EPOCHS = 60_000, 10_000, 64, 10, 10


def data():
    """Each class is three round clusters that overlap those of others."""
    random = np.random.default_rng(0)
    centers = random.normal(scale=0.45, size=(CLASSES * 3, FEATURES))
    cluster = random.integers(0, CLASSES * 3, ROWS + HELD_OUT)
    x = centers[cluster] + random.normal(size=(ROWS + HELD_OUT, FEATURES))
    return x.astype(np.float32), (cluster % CLASSES).astype(np.int32)


def main():
    threads = int(sys.argv[1])
    x, y = data()
    if len(sys.argv) > 2:
        for name, rows in [("train", slice(0, ROWS)), ("validation", slice(ROWS, None))]:
            np.savetxt(Path(sys.argv[2]) / f"{name}.csv", np.column_stack([y[rows], x[rows]]), fmt="%.6g", delimiter=",")
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(threads):
        start, cpu = time.perf_counter(), time.process_time()
        network = MLPClassifier((100,), batch_size=200, max_iter=EPOCHS, n_iter_no_change=EPOCHS, alpha=0, random_state=0)
        network.fit(x[:ROWS], y[:ROWS])
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    accuracy = float(network.score(x[ROWS:], y[ROWS:]))
    peer = f"scikit-learn {sklearn.__version__} MLPClassifier"
    print(json.dumps({"peer": peer, "threads": threads, "seconds": seconds, "cpu_seconds": cpu_seconds, "accuracy": round(accuracy, 4)}))


main()
