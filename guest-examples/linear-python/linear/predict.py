"""Scores of rows: one host call a request."""

from __future__ import annotations

from typing import ClassVar

from algohost_guest import BadModel, InvalidInput, Tensor, exported, load_model
from wit_world.exports.predictor import Output
from wit_world.imports import tensors
from wit_world.imports.linalg import Activation, Transposed, affine

from .description import MODEL


class Scorer:
    """A model that is loaded."""

    def __init__(self) -> None:
        model = load_model(MODEL)
        self.coefficients = model.tensors["coefficients"]
        self.intercept = model.tensors["intercept"].reshape(1)
        self.activation = Activation.SIGMOID if model.metadata.get("objective") == "logistic" else Activation.IDENTITY

    def scores(self, features: Tensor) -> tensors.Tensor:
        found, wanted = features.shape[1], self.coefficients.shape[0]
        if found != wanted:
            raise InvalidInput(f"rows have {found} features, the model has {wanted}")
        return affine(features.handle, self.coefficients.handle, Transposed.NEITHER, self.intercept.handle, self.activation)


@exported
class Predictor:
    """The bindings make an object of it for each function: what `load` makes stays with the class."""

    scorer: ClassVar[Scorer | None] = None

    def load(self) -> None:
        Predictor.scorer = Scorer()

    def predict(self, features: tensors.Tensor) -> list[Output]:
        if Predictor.scorer is None:
            raise BadModel("no model is loaded")
        return [Output("score", Predictor.scorer.scores(Tensor(features)))]
