"""What stands in brackets behind a tensor, as the host knows it. Nothing here calls the host."""

from __future__ import annotations

from types import EllipsisType
from typing import NamedTuple, TypeAlias

#: Positions and ranges of the first axes; `...` stands for the rest.
Index: TypeAlias = int | slice | EllipsisType | tuple[int | slice | EllipsisType, ...]


class Window(NamedTuple):
    """A part of a tensor."""

    #: Axis, start and end of those axes that are not taken whole.
    ranges: list[tuple[int, int, int]]
    #: The shape without the axes of which one position is taken.
    shape: list[int]


def window(index: Index, shape: list[int]) -> Window:
    """The part that an index names, by Python's rules: from the end when negative, ranges cut to the axis."""
    parts = index if isinstance(index, tuple) else (index,)
    ranges, left = [], []
    for axis, (part, length) in enumerate(zip(_spread(parts, len(shape)), shape, strict=True)):
        start, end = _bounds(part, length, axis)
        if (start, end) != (0, length):
            ranges.append((axis, start, end))
        if isinstance(part, slice):
            left.append(end - start)
    return Window(ranges, left)


def _spread(parts: tuple[int | slice | EllipsisType, ...], axes: int) -> list[int | slice]:
    """One part for each axis."""
    named = [part for part in parts if not isinstance(part, EllipsisType)]
    if len(named) > axes or len(parts) - len(named) > 1:
        raise IndexError(f"an index of {len(parts)} parts for a tensor of {axes} axes")
    whole: list[int | slice] = [slice(None)] * (axes - len(named))
    before = next((at for at, part in enumerate(parts) if isinstance(part, EllipsisType)), len(parts))
    return [*named[:before], *whole, *named[before:]]


def _bounds(part: int | slice, length: int, axis: int) -> tuple[int, int]:
    if isinstance(part, slice):
        start, end, step = part.indices(length)
        if step != 1:
            raise IndexError("ranges of a tensor have no step")
        return start, max(start, end)
    if not -length <= part < length:
        raise IndexError(f"position {part} is outside of axis {axis}, which has {length}")
    return part % length, part % length + 1
