"""A linear model as an algohost component: the same algorithm as in the other languages beside it.

The classes named here are what the component exports.
"""

from .description import Metadata
from .predict import Predictor
from .train import Trainer

__all__ = ["Metadata", "Predictor", "Trainer"]
