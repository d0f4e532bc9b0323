"""Gradient descent with momentum over all rows; each step is three host calls, and no array leaves the host."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from algohost_guest import Dtype, InvalidInput, Tensor, exported, full, hyperparameters, read_all, save_model, sqrt, where, zeros
from wit_world.imports import job
from wit_world.imports.losses import Loss_Logistic, Loss_Squared, loss_and_gradient

from .description import MODEL

#: How much of the last step is gone again.
MOMENTUM = 0.9
#: Steps between two values of the metric.
TOLD_EVERY = 10


@dataclass(frozen=True)
class Settings:
    """The hyperparameters."""

    objective: Literal["squared", "logistic"]
    steps: int
    learning_rate: float
    l2: float


@exported
class Trainer:
    def train(self) -> None:
        settings = hyperparameters(Settings)
        batch = read_all("train")
        if batch.labels is None:
            raise InvalidInput("channel train has no labels")
        features, labels = batch.features, batch.labels
        if settings.objective == "logistic" and ((labels != 0) & (labels != 1)).any():
            raise InvalidInput("labels of objective logistic must be 0 or 1")
        scaling = Scaling.of(features)
        scaling.apply(features)
        weights = descend(settings, features, labels)
        coefficients, intercept = scaling.undo(weights)
        save_model(MODEL, {"coefficients": coefficients, "intercept": intercept}, {"objective": settings.objective})


@dataclass(frozen=True)
class Scaling:
    """The columns' means and deviations, 1 x columns."""

    mean: Tensor
    deviation: Tensor

    @staticmethod
    def of(features: Tensor) -> Scaling:
        mean, variance = features.mean(0, keepdims=True), features.var(0, keepdims=True)
        # A column that is always the same says nothing, whatever its deviation.
        return Scaling(mean, where(variance > 0, sqrt(variance), 1).evaluate())

    def apply(self, features: Tensor) -> None:
        """Columns of mean 0 and deviation 1, in place."""
        features[...] = (features - self.mean) / self.deviation

    def undo(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients (columns x 1) and intercept (1 x 1) for features as they come."""
        scaled, last = weights[:-1], weights[-1:]
        mean, deviation = self.mean.T, self.deviation.T
        coefficients = (scaled / deviation).evaluate(Dtype.FLOAT32)
        moved = (scaled * mean / deviation).sum()
        return coefficients, full([1, 1], last.item() - moved)


def descend(settings: Settings, features: Tensor, labels: Tensor) -> Tensor:
    """The weights of scaled features, the intercept in the last row."""
    rows, columns = features.shape
    loss = Loss_Logistic() if settings.objective == "logistic" else Loss_Squared()
    weights, gradient, velocity, penalty = (zeros([columns + 1, 1], Dtype.FLOAT64) for _ in range(4))
    penalty[:-1] = settings.l2  # the intercept has none
    # Formulas, which read the tensors anew whenever they are assigned.
    change = MOMENTUM * velocity - settings.learning_rate * (gradient / rows + penalty * weights)
    moved = weights + velocity
    for step in range(settings.steps):
        total = loss_and_gradient(loss, features.handle, labels.handle, None, weights.handle, gradient.handle)
        require_number(total, step)
        if step % TOLD_EVERY == 0 or step + 1 == settings.steps:
            job.metric("train_loss", total / rows, step)
            job.progress(step + 1, settings.steps)
        if job.should_stop():
            break
        velocity[...] = change
        weights[...] = moved
    return weights


def require_number(total: float, step: int) -> None:
    """A loss that is none ends the training."""
    if not math.isfinite(total):
        shown = "NaN" if math.isnan(total) else total
        raise InvalidInput(f"the loss is {shown} at step {step}: a lower learning_rate, or rows without a number")
