"""Networks. numpy has no layers: these are the expressions that are usual with it, a convolution as a product with its windows."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

from .operands import M, RANDOM, THREADS, f32, f64, one, positions

SCORES = 100_000, 10
SAME = (0, 0), (0, 0), (1, 1), (1, 1)


def softmax_gradient(y, g):
    return y * (g - (g * y).sum(axis=1, keepdims=True))


def log_softmax_gradient(y, g):
    return g - np.exp(y) * g.sum(axis=1, keepdims=True)


def cross_entropy(make, n, classes):
    from sklearn._loss.loss import HalfMultinomialLoss

    logits, labels = make(n, classes), positions(n, classes)
    rows, loss, as_float = np.arange(n), HalfMultinomialLoss(n_classes=classes), labels.astype(logits.dtype)

    def compiled():
        losses, gradient = loss.loss_gradient(y_true=as_float, raw_prediction=logits, n_threads=THREADS)
        gradient /= n
        return losses.mean(), gradient

    def expression():
        gradient = logits - logits.max(axis=1, keepdims=True)
        at_label = gradient[rows, labels]
        np.exp(gradient, out=gradient)
        sums = gradient.sum(axis=1, keepdims=True)
        gradient /= sums
        gradient[rows, labels] -= 1
        gradient /= n
        return (np.log(sums[:, 0]) - at_label).mean(), gradient

    yield "scikit-learn", compiled
    yield "numpy", expression


def layer_norm(x, weight, bias):
    away = x - x.mean(axis=1, keepdims=True)
    return away / np.sqrt((away * away).mean(axis=1, keepdims=True) + np.float32(1e-5)) * weight + bias


def layer_norm_backward(x, weight, g):
    away = x - x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt((away * away).mean(axis=1, keepdims=True) + np.float32(1e-5))
    normal, inner = away * scale, g * weight
    of_x = scale * (inner - inner.mean(axis=1, keepdims=True) - normal * (inner * normal).mean(axis=1, keepdims=True))
    return of_x, (g * normal).sum(axis=0), g.sum(axis=0)


def dropout(x, out=None):
    kept = RANDOM.random(x.shape, dtype=np.float32) >= np.float32(0.5)
    return np.multiply(x, kept * np.float32(2), out=out)


def windows(x):
    """All 3 x 3 windows of images in a border of zeros: n x channels x rows x columns x 3 x 3."""
    return sliding_window_view(np.pad(x, SAME), (3, 3), axis=(2, 3))


def conv2d(x, weight):
    made = np.tensordot(windows(x), weight, axes=((1, 4, 5), (1, 2, 3)))
    return np.ascontiguousarray(made.transpose(0, 3, 1, 2))


def conv2d_each_channel(x, weight):
    padded, (rows, columns) = np.pad(x, SAME), x.shape[2:]
    made = np.zeros_like(x)
    for i, j in np.ndindex(3, 3):
        made += padded[:, :, i : i + rows, j : j + columns] * weight[:, 0, i, j, None, None]
    return made


def conv2d_input_gradient(g, weight):
    return conv2d(g, weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))


def conv2d_weight_gradient(x, g):
    return np.tensordot(g, windows(x), axes=((0, 2, 3), (0, 2, 3)))


def corners(x):
    return x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]


def largest(x):
    a, b, c, d = corners(x)
    return np.maximum(np.maximum(a, b), np.maximum(c, d))


def mean(x):
    a, b, c, d = corners(x)
    return (a + b + c + d) * np.float32(0.25)


def sgd(p, g, velocity):
    velocity *= 0.9
    velocity += g
    p -= np.float32(1e-3) * velocity


def adam(p, g, average, squares):
    average *= 0.9
    average += np.float32(0.1) * g
    squares *= 0.999
    squares += np.float32(0.001) * (g * g)
    rate, unbiased = np.float32(1e-3 / (1 - 0.9**10)), np.float32(1 / (1 - 0.999**10))
    p -= rate * average / (np.sqrt(squares * unbiased) + np.float32(1e-8))


def adagrad(p, g, squares):
    squares += g * g
    p -= np.float32(1e-3) * g / (np.sqrt(squares) + np.float32(1e-10))


def rmsprop(p, g, squares):
    squares *= 0.99
    squares += np.float32(0.01) * (g * g)
    p -= np.float32(1e-3) * g / (np.sqrt(squares) + np.float32(1e-8))


IMAGES, WEIGHT, AFTER = (16, 16, 28, 28), (32, 16, 3, 3), (16, 32, 28, 28)
POOLED = 64, 16, 28, 28
CASES = {
    "nn.softmax 100k x 10 f32": lambda: one(lambda x: special.softmax(x, axis=1), f32(*SCORES), by="scipy"),
    "nn.softmax 100k x 10 f64": lambda: one(lambda x: special.softmax(x, axis=1), f64(*SCORES), by="scipy"),
    "nn.softmax 1k x 1k f32": lambda: one(lambda x: special.softmax(x, axis=1), f32(1_000, 1_000), by="scipy"),
    "nn.log-softmax 100k x 10 f32": lambda: one(lambda x: special.log_softmax(x, axis=1), f32(*SCORES), by="scipy"),
    "nn.softmax-gradient 100k x 10 f32": lambda: one(softmax_gradient, f32(*SCORES), f32(*SCORES)),
    "nn.log-softmax-gradient 100k x 10 f32": lambda: one(log_softmax_gradient, f32(*SCORES), f32(*SCORES)),
    "nn.softmax-cross-entropy 100k x 10 f32": lambda: cross_entropy(f32, *SCORES),
    "nn.softmax-cross-entropy 100k x 10 f64": lambda: cross_entropy(f64, *SCORES),
    "nn.softmax-cross-entropy 1k x 1k f32": lambda: cross_entropy(f32, 1_000, 1_000),
    "nn.softmax-cross-entropy-into 100k x 10 f32": lambda: cross_entropy(f32, *SCORES),
    "nn.layer-norm 4k x 256 f32": lambda: one(layer_norm, f32(4_000, 256), f32(256), f32(256)),
    "nn.layer-norm-backward 4k x 256 f32": lambda: one(layer_norm_backward, f32(4_000, 256), f32(256), f32(4_000, 256)),
    "nn.dropout 1M f32": lambda: one(dropout, f32(M)),
    "nn.dropout-into 1M f32": lambda: one(dropout, f32(M), f32(M)),
    "nn.conv2d 16 x 16 x 28 x 28 by 32 x 3 x 3 f32": lambda: one(conv2d, f32(*IMAGES), f32(*WEIGHT)),
    "nn.conv2d 64 x 1 x 28 x 28 by 16 x 3 x 3 f32": lambda: one(conv2d, f32(64, 1, 28, 28), f32(16, 1, 3, 3)),
    "nn.conv2d 16 x 64 x 28 x 28 by 64 x 3 x 3, 64 groups f32": lambda: one(
        conv2d_each_channel, f32(16, 64, 28, 28), f32(64, 1, 3, 3)
    ),
    "nn.conv2d-input-gradient 16 x 16 x 28 x 28 by 32 x 3 x 3 f32": lambda: one(conv2d_input_gradient, f32(*AFTER), f32(*WEIGHT)),
    "nn.conv2d-weight-gradient 16 x 16 x 28 x 28 by 32 x 3 x 3 f32": lambda: one(conv2d_weight_gradient, f32(*IMAGES), f32(*AFTER)),
    "nn.pool2d max 2 x 2 of 64 x 16 x 28 x 28 f32": lambda: one(largest, f32(*POOLED)),
    "nn.pool2d average 2 x 2 of 64 x 16 x 28 x 28 f32": lambda: one(mean, f32(*POOLED)),
    "nn.sgd-step momentum 1M f32": lambda: one(sgd, f32(M), f32(M), f32(M)),
    "nn.adam-step 1M f32": lambda: one(adam, f32(M), f32(M), f32(M), f32(M)),
    "nn.adagrad-step 1M f32": lambda: one(adagrad, f32(M), f32(M), f32(M)),
    "nn.rmsprop-step 1M f32": lambda: one(rmsprop, f32(M), f32(M), f32(M)),
}
