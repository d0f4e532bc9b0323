"""A factorization machine learned with numpy and scipy, by mini-batch Adagrad: what `factorization-machines-rust` is held against.

    python factorization_machines.py data FOLDER     # writes ratings-train.libsvm and ratings-held-out.libsvm
    python factorization_machines.py FOLDER THREADS  # learns from the same rows

One million ratings by 6,040 users of 3,700 items (MovieLens 1M in size and skew, which is not on PyPI): a low-rank model plus noise. Prints
one line of JSON: seconds to learn, root mean squared error on held-out ratings, and the least possible one.

Only features that occur in a mini-batch are computed with and moved; this is the fastest of the ways tried, three times faster than
gradients of the whole table.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import scipy.sparse as sp
from reading import timed
from sklearn.datasets import load_svmlight_file

USERS, ITEMS, ROWS, HELD_OUT = 6040, 3700, 1_000_000, 100_000
TRUE_RANK, NOISE = 8, 0.7
FACTORS, EPOCHS, MINI_BATCH = 16, 3, 5000
BIAS_RATE, LINEAR_RATE, FACTOR_RATE, L2 = 0.05, 0.1, 0.1, 0.0
INIT, EPSILON = 0.05, 1e-8


def main():
    indices, ratings = ratings_of_a_low_rank_model(np.random.default_rng(1))
    train, held_out = slice(0, ROWS), slice(ROWS, ROWS + HELD_OUT)
    if sys.argv[1] == "data":
        folder = Path(sys.argv[2])
        write_libsvm(folder / "ratings-train.libsvm", indices[train], ratings[train])
        return write_libsvm(folder / "ratings-held-out.libsvm", indices[held_out], ratings[held_out])
    # What people read such files with; it takes several times as long as learning, so the line says how long each took.
    _, read_seconds = timed(lambda: load_svmlight_file(Path(sys.argv[1]) / "ratings-train.libsvm", dtype=np.float32))
    rows = as_csr(indices[train])
    start, start_cpu = time.perf_counter(), time.process_time()
    model = learn(rows, ratings[train], np.random.default_rng(2))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
    errors = score(as_csr(indices[held_out]), *model) - ratings[held_out]
    report = {
        "peer": f"numpy {np.__version__} and scipy {scipy.__version__}",
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "read_seconds": read_seconds,
        "rmse": round(float(np.sqrt(np.mean(errors**2))), 4),
        "least_rmse": NOISE,
        "rows": ROWS,
        "epochs": EPOCHS,
        "mini_batch": MINI_BATCH,
    }
    print(json.dumps(report))


def ratings_of_a_low_rank_model(random):
    """Positions (rows x 2) and ratings. Some items are rated much more often than others."""
    rows = ROWS + HELD_OUT
    popularity = 1 / (np.arange(ITEMS) + 50)
    users = random.integers(0, USERS, rows)
    items = random.choice(ITEMS, rows, p=popularity / popularity.sum())
    user_factors, item_factors = (random.normal(0, 1 / np.sqrt(TRUE_RANK), (count, TRUE_RANK)) * 0.8 for count in (USERS, ITEMS))
    user_means, item_means = random.normal(0, 0.4, USERS), random.normal(0, 0.5, ITEMS)
    ratings = 3.5 + user_means[users] + item_means[items] + (user_factors[users] * item_factors[items]).sum(1)
    ratings += random.normal(0, NOISE, rows)
    return np.column_stack([users, USERS + items]).astype(np.int32), ratings.astype(np.float32)


def as_csr(indices):
    rows, width = indices.shape
    ones = np.ones(rows * width, np.float32)
    return sp.csr_matrix((ones, indices.ravel(), np.arange(0, rows * width + 1, width)), (rows, USERS + ITEMS))


def learn(rows, labels, random):
    features = rows.shape[1]
    bias, bias_moment = labels[:MINI_BATCH].mean(), 0.0
    linear, linear_moments = np.zeros(features, np.float32), np.zeros(features, np.float32)
    factors = random.normal(0, INIT, (features, FACTORS)).astype(np.float32)
    factor_moments = np.zeros_like(factors)
    for _ in range(EPOCHS):
        order = random.permutation(len(labels))
        shuffled, shuffled_labels = rows[order], labels[order]
        for start in range(0, len(labels), MINI_BATCH):
            batch, wanted = shuffled[start : start + MINI_BATCH], shuffled_labels[start : start + MINI_BATCH]
            touched, local = np.unique(batch.indices, return_inverse=True)
            x = sp.csr_matrix((batch.data, local.astype(np.int32), batch.indptr), (len(wanted), len(touched)))
            v, w = factors[touched], linear[touched]
            squared = x.multiply(x).tocsr() if (batch.data != 1).any() else x  # of ones, the same
            products = x @ v
            scores = bias + x @ w + 0.5 * ((products * products).sum(1) - squared @ (v * v).sum(1))
            slopes = (scores - wanted) / len(wanted)
            transposed = x.T.tocsr()
            factor_gradients = transposed @ (slopes[:, None] * products) - (squared.T @ slopes)[:, None] * v + L2 * v
            linear_gradients = transposed @ slopes + L2 * w
            bias_gradient = slopes.sum()
            bias_moment += bias_gradient**2
            bias -= BIAS_RATE * bias_gradient / (np.sqrt(bias_moment) + EPSILON)
            linear_moments[touched] += linear_gradients**2
            linear[touched] -= LINEAR_RATE * linear_gradients / (np.sqrt(linear_moments[touched]) + EPSILON)
            factor_moments[touched] += factor_gradients**2
            factors[touched] -= FACTOR_RATE * factor_gradients / (np.sqrt(factor_moments[touched]) + EPSILON)
    return bias, linear, factors


def score(rows, bias, linear, factors):
    products = rows @ factors
    squares = rows.multiply(rows) @ (factors * factors)
    return bias + rows @ linear + 0.5 * (products * products - squares).sum(1)


def write_libsvm(path, indices, ratings):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (f"{rating:.4f} {user + 1}:1 {item + 1}:1\n" for (user, item), rating in zip(indices.tolist(), ratings.tolist()))
    path.write_text("".join(lines))


main()
