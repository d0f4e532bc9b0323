"""Models as files of named tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wit_world.imports import artifacts

from .errors import call
from .expression import Tensor


@dataclass(frozen=True)
class Model:
    """What a file holds. The tensors are read-only: `copy` gives one that can be written."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


def save_model(file: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Writes a file of the model directory, whole or not at all."""
    writer = call(artifacts.create_archive, file)
    for name, tensor in tensors.items():
        call(writer.add, name, tensor.handle)
    call(writer.finish, json.dumps(metadata, separators=(",", ":")))


def load_model(file: str) -> Model:
    """Reads a file of the model directory."""
    archive = call(artifacts.open_archive, file)
    return Model({name: Tensor(call(archive.get, name)) for name in archive.names()}, json.loads(archive.metadata()))
