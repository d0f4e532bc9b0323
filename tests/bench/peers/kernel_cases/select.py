"""Rows by position, and elements by value."""

import numpy as np
import scipy.sparse as sp

from .operands import M, f32, f64, one, positions


def columns():
    return (np.arange(300_000) * 7919 % 10).reshape(100_000, 3)


def mask():
    return f32(M) < 0.5


def one_hot(ids):
    made = np.zeros((len(ids), 100), np.float32)
    made[np.arange(len(ids)), ids] = 1
    return made


def by_position(ids, count):
    """As a sparse matrix: times rows, it adds up those that share a position."""
    return sp.csr_matrix((np.ones(len(ids), np.float32), ids, np.arange(len(ids) + 1)), shape=(len(ids), count)).T


def scatter_add():
    target, rows, ids = f32(10_000, 16), f32(100_000, 16), positions(100_000, 10_000)

    def multiply():
        nonlocal target
        target += by_position(ids, 10_000) @ rows

    yield "scipy", multiply
    yield "numpy", lambda: np.add.at(target, ids, rows)


def segment_sum(mean=False):
    a, ids = f32(M, 16), positions(M, 100)
    groups = by_position(ids, 100).tocsr()
    sizes = np.bincount(ids)[:, None].astype(np.float32)
    yield "scipy", (lambda: groups @ a / sizes) if mean else (lambda: groups @ a)


def segment_extreme(extreme):
    """The order that brings segments together is known beforehand, as the sparse matrix of the sums is."""
    a, ids = f32(M, 16), positions(M, 100)
    order = np.argsort(ids, kind="stable")
    starts = np.searchsorted(ids[order], np.arange(100))
    yield "numpy", lambda: extreme.reduceat(a[order], starts)


def top(a, k):
    places = np.argpartition(a, -k, axis=-1)[..., -k:]
    values = np.take_along_axis(a, places, axis=-1)
    order = np.argsort(-values, axis=-1)
    return np.take_along_axis(values, order, axis=-1), np.take_along_axis(places, order, axis=-1)


def edges(count):
    return np.sort(f32(count))


CASES = {
    "select.gather 100k of 1M x 16 f32": lambda: one(np.take, f32(M, 16), positions(100_000, M), 0),
    "select.take-along 3 of 100k x 10 f32": lambda: one(np.take_along_axis, f32(100_000, 10), columns(), 1),
    "select.compress half of 1M x 8 f32": lambda: one(lambda a, mask: a[mask], f32(M, 8), mask()),
    "select.nonzero half of 1M": lambda: one(np.flatnonzero, mask()),
    "select.reverse 1000 x 1000, axis 1 f32": lambda: one(lambda a: a[:, ::-1].copy(), f32(1_000, 1_000)),
    "select.one-hot 100k to 100 f32": lambda: one(one_hot, positions(100_000, 100)),
    "select.scatter-add 100k x 16 to 10k f32": scatter_add,
    "select.cumulative-sum 1M f32": lambda: one(np.cumsum, f32(M)),
    "select.segment-sum 1M x 16 to 100 f32": segment_sum,
    "select.segment-mean 1M x 16 to 100 f32": lambda: segment_sum(mean=True),
    "select.segment-max 1M x 16 to 100 f32": lambda: segment_extreme(np.maximum),
    "select.segment-min 1M x 16 to 100 f32": lambda: segment_extreme(np.minimum),
    "select.sort 1M f32": lambda: one(np.sort, f32(M)),
    "select.sort 1M f64": lambda: one(np.sort, f64(M)),
    "select.sort 100k rows of 10 f32": lambda: one(np.sort, f32(100_000, 10)),
    "select.argsort 1M f32": lambda: one(np.argsort, f32(M)),
    "select.argsort 1M f64": lambda: one(np.argsort, f64(M)),
    "select.argsort 100k rows of 10 f32": lambda: one(np.argsort, f32(100_000, 10)),
    "select.top-k 100 of 1M f32": lambda: one(top, f32(M), 100),
    "select.top-k 10 of each of 10k x 100 f32": lambda: one(top, f32(10_000, 100), 10),
    "select.unique 1M f32": lambda: one(np.unique, f32(M)),
    "select.unique 1M of 1k int32": lambda: one(np.unique, positions(M, 1_000)),
    "select.unique-all 1M of 1k int32": lambda: one(lambda a: np.unique(a, True, True, True), positions(M, 1_000)),
    "select.quantiles 3 of 100k x 10 f32": lambda: one(lambda a: np.quantile(a, (0.1, 0.5, 0.9), axis=0), f32(100_000, 10)),
    "select.search-sorted 1M in 1k f32": lambda: one(np.searchsorted, edges(1_000), f32(M)),
    "select.histogram 1M into 100 f32": lambda: one(np.histogram, f32(M), edges(101)),
    "select.bincount 1M into 1k": lambda: one(lambda a: np.bincount(a, minlength=1_000), positions(M, 1_000)),
}
