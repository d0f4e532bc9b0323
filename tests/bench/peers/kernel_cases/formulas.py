"""Elementwise formulas and reductions."""

import numexpr
import numpy as np

from .operands import M, THREADS, f32, f64, one

EIGHT = "(a * b + c) / (1 + abs(a - b)) - 2 * c"
numexpr.set_num_threads(THREADS)


def eight(make, count):
    a, b, c, out = make(count), make(count), make(count), make(count)
    yield "numexpr", lambda: numexpr.evaluate(EIGHT, {"a": a, "b": b, "c": c}, out=out)
    yield "numpy", lambda: (a * b + c) / (1 + np.abs(a - b)) - 2 * c


def log_sum_exp(a):
    def work():
        x = 2 * a
        top = x.max(axis=1, keepdims=True)
        return np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top

    yield "numpy", work


CASES = {
    "formulas.formula.apply-as threshold 1M f32 to i32": lambda: one(lambda a: (a > 0.5).astype(np.int32), f32(M)),
    "formulas.formula.apply-into 8 operations 10M f32": lambda: eight(f32, 10 * M),
    "formulas.formula.apply-into 8 operations 10M f64": lambda: eight(f64, 10 * M),
    "formulas.formula.reduce row log-sum-exp 200k x 28 f32": lambda: log_sum_exp(f32(200_000, 28)),
    "formulas.formula.reduce-all sum of squares 10M f32": lambda: one(lambda a: (a * a).sum(), f32(10 * M)),
    "formulas.reduce column mean 200k x 28 f32": lambda: one(lambda a: a.mean(axis=0), f32(200_000, 28)),
    "formulas.reduce column variance 200k x 28 f32": lambda: one(lambda a: a.var(axis=0), f32(200_000, 28)),
    "formulas.reduce row arg-max 200k x 28 f32": lambda: one(lambda a: a.argmax(axis=1), f32(200_000, 28)),
}
