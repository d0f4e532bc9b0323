"""Factorization machines, as they are written with scipy."""

import numpy as np
from scipy.special import expit

from .operands import f32, one, positions
from .sparse import COLUMNS, ROWS, matrix, scaled

MINI_BATCH = 500


def scores(x, squares, bias, linear, factors):
    sums = x @ factors
    return bias + x @ linear + 0.5 * ((sums * sums).sum(axis=1) - (squares @ (factors * factors)).sum(axis=1)), sums


def squared(x):
    return scaled(x, x.data * x.data)


def model():
    return f32(1), f32(COLUMNS), f32(COLUMNS, 8)


def train(weighted):
    """Adagrad. Nearly every column occurs in a mini-batch, so that whole tables are moved; those that do not have a gradient of 0."""
    x, labels, order = matrix(), f32(ROWS), positions(10_000, ROWS)
    weights = f32(ROWS) if weighted else np.ones(ROWS, np.float32)
    parts = model()
    memories = [np.zeros_like(part) for part in parts]

    def work():
        for start in range(0, len(order), MINI_BATCH):
            at = order[start : start + MINI_BATCH]
            rows = x[at]
            squares = squared(rows)
            found, sums = scores(rows, squares, *parts)
            slope = (expit(found) - labels[at]) * weights[at]
            slope /= weights[at].sum()
            of_factors = rows.T @ (slope[:, None] * sums) - (squares.T @ slope)[:, None] * parts[2]
            for part, memory, gradient in zip(parts, memories, (slope.sum(), rows.T @ slope, of_factors)):
                memory += gradient * gradient
                part -= np.float32(0.05) * gradient / (np.sqrt(memory) + np.float32(1e-8))

    yield "scipy", work


CASES = {
    "factorization.scores 100k x 1k, 20 a row, 8 factors f32": lambda: one(
        lambda x, *parts: scores(x, squared(x), *parts)[0], matrix(), *model(), by="scipy"
    ),
    "factorization.learner.train-on 10k of 100k x 1k, 20 a row, 8 factors f32": lambda: train(weighted=False),
    "factorization.learner.train-on-weighted 10k of 100k x 1k, 20 a row, 8 factors f32": lambda: train(weighted=True),
}
