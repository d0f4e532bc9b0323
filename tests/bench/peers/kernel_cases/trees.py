"""Boosted trees: LightGBM's, of the same size over the same number of bins."""

import numpy as np

from .operands import THREADS, f32

ROWS, FEATURES, TREES = 100_000, 28, 50
OPTIONS = {
    "objective": "regression",
    "num_leaves": 63,
    "max_bin": 255,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 1,
    "lambda_l2": 1,
    "num_threads": THREADS,
    "verbosity": -1,
}


def data():
    x = f32(ROWS, FEATURES)
    return x, x[:, 0] * x[:, 1] + np.float32(0.1) * (x[:, 2] - f32(ROWS))


def dataset(x, y):
    import lightgbm

    return lightgbm.Dataset(x, y, params=OPTIONS).construct()


def bin_features():
    x, y = data()
    yield "LightGBM", lambda: dataset(x, y)


def tree():
    """At a rate so low that every tree is grown against about the same residuals."""
    import lightgbm

    booster = lightgbm.Booster(OPTIONS | {"learning_rate": 1e-6}, dataset(*data()))
    yield "LightGBM", booster.update


def predict():
    import lightgbm

    x, y = data()
    booster = lightgbm.train(OPTIONS, dataset(x, y), TREES)
    yield "LightGBM", lambda: booster.predict(x, raw_score=True, num_threads=THREADS)


CASES = {
    "trees.bin-features 100k x 28 f32": bin_features,
    "trees.grower.finish whole tree of 63 leaves, 100k x 28": tree,
    "trees.forest.predict 100k x 28, 50 trees of 63 leaves": predict,
}
