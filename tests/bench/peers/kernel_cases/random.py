"""Random numbers."""

import numpy as np

from .operands import M, RANDOM, f64, one


def weights():
    w = f64(M)
    return w / w.sum()


CASES = {
    "random.uniform 1M f32": lambda: one(lambda: RANDOM.random(M, dtype=np.float32)),
    "random.uniform 1M f64": lambda: one(RANDOM.random, M),
    "random.normal 1M f32": lambda: one(lambda: RANDOM.standard_normal(M, dtype=np.float32)),
    "random.permutation 1M": lambda: one(RANDOM.permutation, M),
    "random.choice 100k of 1M f32": lambda: one(lambda p: RANDOM.choice(M, 100_000, p=p), weights()),
}
