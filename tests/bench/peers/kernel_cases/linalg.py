"""Products and decompositions of matrices."""

import numpy as np

from .operands import f32, f64, one


def square(make, n):
    a, b, out = make(n, n), make(n, n), make(n, n)
    yield "numpy", lambda: np.matmul(a, b, out=out)


CASES = {
    "linalg.matmul 100k x 64 by 64 x 64 f32": lambda: one(np.matmul, f32(100_000, 64), f32(64, 64)),
    "linalg.matmul 200k x 28 by 28 x 1 f32": lambda: one(np.matmul, f32(200_000, 28), f32(28, 1)),
    "linalg.matmul 28 x 200k by 200k x 1 f32": lambda: one(np.matmul, f32(200_000, 28).T, f32(200_000, 1)),
}
for n in (1, 16, 256, 512, 1024, 2048):
    first = "1 x 1" if n == 1 else str(n)
    CASES[f"linalg.matmul-into {first} f32"] = lambda n=n: square(f32, n)
    CASES[f"linalg.matmul-into {first} f64"] = lambda n=n: square(f64, n)
