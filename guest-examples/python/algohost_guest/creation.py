"""New tensors."""

from __future__ import annotations

from collections.abc import Sequence

from wit_world.imports import tensors
from wit_world.imports.tensors import Dtype

from .elements import Nested, pack, shape_of
from .errors import call
from .expression import Tensor, natural


def zeros(shape: Sequence[int], dtype: Dtype = Dtype.FLOAT32) -> Tensor:
    """Elements that are all 0."""
    return Tensor(call(tensors.zeros, natural(list(shape), "lengths"), dtype))


def full(shape: Sequence[int], value: float, dtype: Dtype = Dtype.FLOAT32) -> Tensor:
    """Elements that are all `value`."""
    return Tensor(call(tensors.full, natural(list(shape), "lengths"), dtype, float(value)))


def tensor(values: Nested, dtype: Dtype = Dtype.FLOAT32) -> Tensor:
    """The numbers of nested lists: `tensor([[1, 2], [3, 4]])`."""
    shape = shape_of(values)
    return Tensor(call(tensors.from_bytes, shape, dtype, pack(values, shape, dtype)))


def concat(parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The parts, one after the other along an axis."""
    return Tensor(call(tensors.concat, [part.handle for part in parts], *natural([axis], "axis")))
