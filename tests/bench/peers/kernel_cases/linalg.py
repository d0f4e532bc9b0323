"""Products and decompositions of matrices."""

import numpy as np
import scipy.linalg

from .operands import f32, f64, one


def square(make, n):
    a, b, out = make(n, n), make(n, n), make(n, n)
    yield "numpy", lambda: np.matmul(a, b, out=out)


def layer(out=None):
    x, w, bias = f32(100_000, 64), f32(64, 64), f32(64)

    def work():
        made = np.matmul(x, w, out=out)
        made += bias
        return np.maximum(made, 0, out=made)

    yield "numpy", work


def symmetric(make, n):
    """Positive definite, too."""
    a = make(2 * n, n)
    return a.T @ a


def solve_definite(a):
    b = a[:, :1].copy()
    yield "scipy", lambda: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a, lower=True), b)


CASES = {
    "linalg.matmul 100k x 64 by 64 x 64 f32": lambda: one(np.matmul, f32(100_000, 64), f32(64, 64)),
    "linalg.matmul 200k x 28 by 28 x 1 f32": lambda: one(np.matmul, f32(200_000, 28), f32(28, 1)),
    "linalg.matmul 28 x 200k by 200k x 1 f32": lambda: one(np.matmul, f32(200_000, 28).T, f32(200_000, 1)),
    "linalg.affine 100k x 64 by 64 x 64, relu f32": layer,
    "linalg.affine-into 100k x 64 by 64 x 64, relu f32": lambda: layer(f32(100_000, 64)),
    "linalg.gram 100k x 50 f32": lambda: one(lambda a: a.T @ a, f32(100_000, 50)),
    "linalg.gram 100k x 50, weights f32": lambda: one(lambda a, weights: (a.T * weights) @ a, f32(100_000, 50), f32(100_000)),
    "linalg.gram-into 100k x 50 f32": lambda: one(lambda a, out: np.matmul(a.T, a, out=out), f32(100_000, 50), f32(50, 50)),
    "linalg.covariance 100k x 50 f32": lambda: one(lambda a: np.cov(a, rowvar=False), f32(100_000, 50)),
    "linalg.cholesky 500 f32": lambda: one(np.linalg.cholesky, symmetric(f32, 500)),
    "linalg.cholesky 500 f64": lambda: one(np.linalg.cholesky, symmetric(f64, 500)),
    "linalg.solve positive definite 500 by 1 f64": lambda: solve_definite(symmetric(f64, 500)),
    "linalg.solve 500 by 10 f64": lambda: one(np.linalg.solve, f64(500, 500), f64(500, 10)),
    "linalg.least-squares 10k x 50 by 1 f64": lambda: one(np.linalg.lstsq, f64(10_000, 50), f64(10_000, 1)),
    "linalg.qr 1000 x 100 f64": lambda: one(np.linalg.qr, f64(1_000, 100)),
    "linalg.svd 1000 x 100 f64": lambda: one(lambda a: np.linalg.svd(a, full_matrices=False), f64(1_000, 100)),
    "linalg.svd 1000 x 100 f32": lambda: one(lambda a: np.linalg.svd(a, full_matrices=False), f32(1_000, 100)),
    "linalg.eigh 300 f64": lambda: one(np.linalg.eigh, symmetric(f64, 300)),
    "linalg.log-determinant 500 f64": lambda: one(np.linalg.slogdet, symmetric(f64, 500)),
}
for n in (1, 16, 256, 512, 1024, 2048):
    first = "1 x 1" if n == 1 else str(n)
    CASES[f"linalg.matmul-into {first} f32"] = lambda n=n: square(f32, n)
    if n >= 256:
        CASES[f"linalg.matmul-into {first} f64"] = lambda n=n: square(f64, n)
