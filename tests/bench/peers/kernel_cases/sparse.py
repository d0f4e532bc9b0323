"""Sparse matrices."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import sparsefuncs
from sklearn.utils.extmath import row_norms

from .operands import f32, one, positions

ROWS, COLUMNS, EACH = 100_000, 1_000, 20


def scattered(count):
    """Knuth's multiplicative hash of 0 to `count` - 1, 16 bits."""
    return (np.arange(count, dtype=np.uint64) * 2_654_435_761 >> np.uint64(16)) & np.uint64(0xFFFF)


def parts():
    """Of each 50 columns, a row has one."""
    apart, stored = COLUMNS // EACH, ROWS * EACH
    columns = np.arange(stored) % EACH * apart + (scattered(stored) % apart).astype(np.int64)
    return f32(stored), columns.astype(np.int32), np.arange(0, stored + 1, EACH, dtype=np.int32)


def matrix():
    return sp.csr_matrix(parts(), shape=(ROWS, COLUMNS))


def from_dense():
    dense = f32(10_000, COLUMNS)
    dense[dense >= 0.02] = 0
    return one(sp.csr_matrix, dense, by="scipy")


def from_parts():
    """Copied and checked, as ours are."""
    values, columns, offsets = parts()

    def work():
        made = sp.csr_matrix((values, columns, offsets), shape=(ROWS, COLUMNS), copy=True)
        made.check_format(full_check=True)
        assert made.has_canonical_format

    yield "scipy", work


def from_coordinates():
    count = 500_000
    at = positions(count, ROWS), (scattered(count) % COLUMNS).astype(np.int32)
    return one(lambda values: sp.coo_matrix((values, at), shape=(ROWS, COLUMNS)).tocsr(), f32(count), by="scipy")


def scaled(a, values):
    return sp.csr_matrix((values, a.indices, a.indptr), shape=a.shape)


def columns_described(a):
    return sparsefuncs.mean_variance_axis(a, 0), sparsefuncs.min_max_axis(a, 0), a.count_nonzero(axis=0)


OF = "100k x 1k, 20 a row"
CASES = {
    "sparse.from-dense 10k x 1k, 2% f32": from_dense,
    f"sparse.from-parts {OF} f32": from_parts,
    "sparse.from-coordinates 500k to 100k x 1k f32": from_coordinates,
    "sparse.matrix.indices 2M": lambda: one(matrix().indices.copy),
    "sparse.matrix.offsets 100k": lambda: one(matrix().indptr.astype, np.int64),
    f"sparse.matrix.gather-rows 10k of {OF} f32": lambda: one(matrix().__getitem__, positions(10_000, ROWS), by="scipy"),
    f"sparse.matrix.transpose {OF} f32": lambda: one(matrix().tocsc, by="scipy"),
    f"sparse.matrix.scale-rows {OF} f32": lambda: one(
        lambda a, by: scaled(a, a.data * np.repeat(by, np.diff(a.indptr))), matrix(), f32(ROWS)
    ),
    f"sparse.matrix.scale-columns {OF} f32": lambda: one(lambda a, by: scaled(a, a.data * by[a.indices]), matrix(), f32(COLUMNS)),
    "sparse.matrix.to-dense 10k x 1k, 20 a row f32": lambda: one(matrix()[:10_000].toarray, by="scipy"),
    f"sparse.multiply {OF} by 1k f32": lambda: one(matrix().dot, f32(COLUMNS), by="scipy"),
    f"sparse.multiply {OF} by 1k x 16 f32": lambda: one(matrix().dot, f32(COLUMNS, 16), by="scipy"),
    "sparse.multiply 1k x 100k, transposed by 100k f32": lambda: one(matrix().T.dot, f32(ROWS), by="scipy"),
    "sparse.multiply 1k x 100k, transposed by 100k x 16 f32": lambda: one(matrix().T.dot, f32(ROWS, 16), by="scipy"),
    f"sparse.multiply-into {OF} by 1k f32": lambda: one(matrix().dot, f32(COLUMNS), by="scipy"),
    f"sparse.multiply-squares {OF} by 1k x 8 f32": lambda: one(lambda a, b: scaled(a, a.data**2) @ b**2, matrix(), f32(COLUMNS, 8), by="scipy"),
    f"sparse.row-norms {OF} f32": lambda: one(row_norms, matrix(), by="scikit-learn"),
    f"sparse.describe-columns {OF} f32": lambda: one(columns_described, matrix(), by="scikit-learn"),
}
