"""Rows of the job's channels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wit_world.imports import data

from .errors import call
from .expression import Tensor


@dataclass(frozen=True)
class Batch:
    """Rows of a channel."""

    #: rows x columns
    features: Tensor
    #: rows x targets
    labels: Tensor | None
    #: rows x 1
    weights: Tensor | None


def read_all(channel: str, **options: Any) -> Batch:
    """All rows of a channel. The options are those of `data.open_channel_with`: `read_all("train", dtype="float64")`."""
    return _wrapped(call(_opened(channel, options).read_all))


def batches(channel: str, rows: int, **options: Any) -> Iterator[Batch]:
    """The rows of one epoch, at most so many at a time."""
    reader = _opened(channel, options)
    while (batch := call(reader.next, rows)) is not None:
        yield _wrapped(batch)


def _opened(channel: str, options: dict[str, Any]) -> data.Reader:
    if options:
        return call(data.open_channel_with, channel, json.dumps(options))
    return call(data.open_channel, channel)


def _wrapped(batch: data.Batch) -> Batch:
    labels = None if batch.labels is None else Tensor(batch.labels)
    weights = None if batch.weights is None else Tensor(batch.weights)
    return Batch(Tensor(batch.features), labels, weights)
