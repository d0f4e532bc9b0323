"""What the cases of all interfaces are made of."""

import os

import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count()
RANDOM = np.random.default_rng(0)
M = 1_000_000


def f32(*shape):
    return RANDOM.random(shape, dtype=np.float32)


def f64(*shape):
    return RANDOM.random(shape)


def positions(count, most):
    return (np.arange(count, dtype=np.int64) * 7919 % most).astype(np.int32)


def one(work, *operands, by="numpy"):
    yield by, lambda: work(*operands)
