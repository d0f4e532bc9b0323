"""Losses of linear models: what is below scikit-learn's own."""

import numpy as np

from .operands import THREADS, f32, positions
from .sparse import matrix


def model(kind, **options):
    from sklearn._loss import loss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    return LinearModelLoss(base_loss=getattr(loss, kind)(**options), fit_intercept=False)


def gradient(loss, x, y, coefficients):
    yield "scikit-learn", lambda: loss.loss_gradient(coefficients, x, y, n_threads=THREADS)


def logistic_gradient(x):
    return gradient(model("HalfBinomialLoss"), x, f32(x.shape[0]), f32(x.shape[1]))


def softmax_gradient(x, classes):
    y, coefficients = positions(x.shape[0], classes).astype(np.float32), np.asfortranarray(f32(classes, x.shape[1]))
    return gradient(model("HalfMultinomialLoss", n_classes=classes), x, y, coefficients)


def logistic_product(x):
    """Only the product: scikit-learn has computed the curvature before it is asked for one, and keeps it."""
    y, coefficients, direction = f32(x.shape[0]), f32(x.shape[1]), f32(x.shape[1])
    product = model("HalfBinomialLoss").gradient_hessian_product(coefficients, x, y, n_threads=THREADS)[1]
    yield "scikit-learn", lambda: product(direction)


CASES = {
    "losses.loss-and-gradient logistic 200k x 28 f32": lambda: logistic_gradient(f32(200_000, 28)),
    "losses.loss-and-gradient softmax 100k x 28 to 10 f32": lambda: softmax_gradient(f32(100_000, 28), 10),
    "losses.hessian-product logistic 200k x 28 f32": lambda: logistic_product(f32(200_000, 28)),
    "losses.sparse-loss-and-gradient logistic 100k x 1k, 20 a row f32": lambda: logistic_gradient(matrix()),
    "losses.sparse-hessian-product logistic 100k x 1k, 20 a row f32": lambda: logistic_product(matrix()),
}
