"""Moving elements about."""

import numpy as np

from .operands import M, f32, one

CASES = {
    "tensors.zeros 1M f32": lambda: one(lambda: np.zeros(M, np.float32).fill(0)),
    "tensors.full 1M f32": lambda: one(np.full, M, np.float32(1.5)),
    "tensors.tensor.fill 1M f32": lambda: one(f32(M).fill, 1.5),
    "tensors.tensor.copy 1M f32": lambda: one(f32(M).copy),
    "tensors.tensor.copy 1000 x 1000 transposed f32": lambda: one(np.ascontiguousarray, f32(1000, 1000).T),
    "tensors.tensor.first-not-finite 10M f32": lambda: one(lambda a: np.isfinite(a).all(), f32(10 * M)),
    "tensors.tensor.cast 1M f32 to f64": lambda: one(f32(M).astype, np.float64),
    "tensors.tensor.assign 1M f32": lambda: one(np.copyto, f32(M), f32(M)),
    "tensors.concat 2 x 1M f32": lambda: one(lambda a: np.concatenate([a, a]), f32(M)),
}
