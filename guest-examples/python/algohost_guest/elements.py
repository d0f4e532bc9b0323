"""Elements as Python's numbers. For few of them: what is as long as the data stays in the host."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

from wit_world.imports.tensors import Dtype

from .errors import BadOperation

#: Numbers, or lists of them, or lists of lists …
Nested: TypeAlias = float | list["Nested"]

_FORMATS = {
    Dtype.FLOAT32: "f",
    Dtype.FLOAT64: "d",
    Dtype.FLOAT16: "e",
    Dtype.INT8: "b",
    Dtype.INT16: "h",
    Dtype.INT32: "i",
    Dtype.INT64: "q",
    Dtype.UINT8: "B",
    Dtype.UINT16: "H",
    Dtype.UINT32: "I",
    Dtype.UINT64: "Q",
    Dtype.BOOLEAN: "?",
}


def shape_of(values: Nested) -> list[int]:
    """Lengths of nested lists, from the outermost on."""
    shape = []
    while isinstance(values, list):
        shape.append(len(values))
        if not values:
            break
        values = values[0]
    return shape


def pack(values: Nested, shape: list[int], dtype: Dtype) -> bytes:
    """The elements as bytes."""
    flat = list(_flat(values, shape))
    try:
        return struct.pack(f"<{len(flat)}{_format(dtype)}", *flat)
    except (struct.error, OverflowError) as error:
        raise BadOperation(f"a number does not fit into {dtype.name.lower()}: {error}") from None


def _flat(values: Nested, shape: list[int]) -> Iterator[float]:
    if isinstance(values, list) != bool(shape) or (isinstance(values, list) and len(values) != shape[0]):
        raise BadOperation("the lists do not all have one depth and length")
    if isinstance(values, list):
        for value in values:
            yield from _flat(value, shape[1:])
    else:
        yield values


def unpack(elements: bytes, shape: list[int], dtype: Dtype) -> Nested:
    """The bytes as nested lists."""
    format = _format(dtype)
    count = len(elements) // struct.calcsize("<" + format)
    return _nested(iter(struct.unpack(f"<{count}{format}", elements)), shape)


def _nested(flat: Iterator[float], shape: list[int]) -> Nested:
    return [_nested(flat, shape[1:]) for _ in range(shape[0])] if shape else next(flat)


def _format(dtype: Dtype) -> str:
    if dtype not in _FORMATS:
        raise BadOperation(f"Python has no {dtype.name.lower()}: cast the tensor to float32")
    return _FORMATS[dtype]
