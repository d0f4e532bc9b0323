"""Rows by position."""

import numpy as np
import scipy.sparse as sp

from .operands import M, f32, one, positions


def segment_sum():
    a, ids = f32(M, 16), positions(M, 100)
    groups = sp.csr_matrix((np.ones(M, np.float32), ids, np.arange(M + 1)), shape=(M, 100)).T.tocsr()
    yield "scipy", lambda: groups @ a


CASES = {
    "select.gather 100k of 1M x 16 f32": lambda: one(np.take, f32(M, 16), positions(100_000, M), 0),
    "select.segment-sum 1M x 16 to 100 f32": segment_sum,
}
