"""How many elements become one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from wit_world.imports.formulas import Reduction

if TYPE_CHECKING:
    from .expression import Tensor


class _Bound:
    """A way to reduce, of one expression."""

    __slots__ = ("_how", "_owner")

    def __init__(self, owner: Reductions, how: Reduction) -> None:
        self._owner, self._how = owner, how

    @overload
    def __call__(self) -> float: ...

    @overload
    def __call__(self, axis: int | Sequence[int], keepdims: bool = False) -> Tensor: ...

    def __call__(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> float | Tensor:
        if axis is None:
            return self._owner._reduce_all(self._how)
        return self._owner._reduce(self._how, [axis] if isinstance(axis, int) else list(axis), keepdims)


class _Way:
    """A way to reduce, as a method: without axes to a number, over axes to a tensor."""

    __slots__ = ("_how",)

    def __init__(self, how: Reduction) -> None:
        self._how = how

    def __get__(self, owner: Reductions, _: type | None = None) -> _Bound:
        return _Bound(owner, self._how)


class Reductions:
    """`x.sum()` is a number, `x.sum(0)` a tensor, and so for all; `keepdims` leaves length 1 in place of a reduced axis.

    Of NumPy's names mean the same; `var` is the population's. `any`, `all` and `count` look at elements that are not 0, and answer with 0 or 1
    and with a number. `argmax` and `argmin` give the first position.
    """

    __slots__ = ()

    sum = _Way(Reduction.SUM)
    prod = _Way(Reduction.PRODUCT)
    mean = _Way(Reduction.MEAN)
    var = _Way(Reduction.VARIANCE)
    max = _Way(Reduction.MAX)
    min = _Way(Reduction.MIN)
    argmax = _Way(Reduction.ARG_MAX)
    argmin = _Way(Reduction.ARG_MIN)
    any = _Way(Reduction.ANY)
    all = _Way(Reduction.ALL)
    count = _Way(Reduction.COUNT)
    logsumexp = _Way(Reduction.LOG_SUM_EXP)
    norm = _Way(Reduction.NORM)
    abs_sum = _Way(Reduction.ABS_SUM)
    abs_max = _Way(Reduction.ABS_MAX)

    @abstractmethod
    def _reduce_all(self, how: Reduction) -> float: ...

    @abstractmethod
    def _reduce(self, how: Reduction, axes: list[int], keepdims: bool) -> Tensor: ...
