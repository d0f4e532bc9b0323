"""Tensors of the host, and formulas over them.

Operators and functions compute nothing: they build one formula, however long. The host compiles it once and runs it in one pass when it is
assigned into a tensor (`t[...] = formula`), evaluated, or reduced. It may be used again: it then reads what its tensors hold by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Self

from wit_world.imports import formulas, linalg, tensors
from wit_world.imports.formulas import Formula, Reduction
from wit_world.imports.tensors import Dtype

from .elements import Nested, unpack
from .errors import BadOperation, call
from .indexing import Index, window
from .operators import Operand, Operators
from .reductions import Reductions
from .terms import Input, Term, render


@lru_cache(maxsize=128)
def _compiled(names: str, text: str) -> Formula:
    return call(formulas.compile, names, text)


class Expression(Operators, Reductions):
    """A formula over tensors."""

    __slots__ = ("_ready", "_term")

    def __init__(self, term: Term) -> None:
        self._term = term
        self._ready: tuple[Formula, list[tensors.Tensor]] | None = None

    @property
    def term(self) -> Term:
        return self._term

    def _expression(self, term: Term) -> Expression:
        return Expression(term)

    def _prepare(self) -> tuple[Formula, list[tensors.Tensor]]:
        """The compiled formula and its inputs."""
        if self._ready is None:
            names, text, handles = render(self._term)
            self._ready = _compiled(names, text), handles
        return self._ready

    def evaluate(self, dtype: Dtype | None = None) -> Tensor:
        """The result in a new tensor, cast to `dtype`."""
        formula, inputs = self._prepare()
        return Tensor(call(formula.apply, inputs) if dtype is None else call(formula.apply_as, dtype, inputs))

    def _store(self, out: tensors.Tensor) -> None:
        formula, inputs = self._prepare()
        call(formula.apply_into, out, inputs)

    def _reduce_all(self, how: Reduction) -> float:
        formula, inputs = self._prepare()
        return call(formula.reduce_all, how, inputs)

    def _reduce(self, how: Reduction, axes: list[int], keepdims: bool) -> Tensor:
        formula, inputs = self._prepare()
        return Tensor(call(formula.reduce, how, natural(axes, "axes"), keepdims, inputs))

    def __matmul__(self, other: Expression) -> Tensor:
        """The product of two matrices, at once: a product is no part of a formula."""
        if not isinstance(other, Expression):
            return NotImplemented
        left, right = self.evaluate(), other.evaluate()
        return Tensor(call(linalg.matmul, left.handle, right.handle, linalg.Transposed.NEITHER))


class Tensor(Expression):
    """A tensor in the host. Its storage is freed when the last `Tensor` and the last formula over it are gone.

    `handle` is what the functions of the bindings take. One that owns it (such as an output of `predict`) takes it away: the `Tensor` is of no
    use afterwards.
    """

    __slots__ = ("_shape", "handle")

    def __init__(self, handle: tensors.Tensor) -> None:
        super().__init__(Input(handle))
        self.handle = handle
        self._shape: list[int] | None = None

    @property
    def shape(self) -> list[int]:
        """Lengths of the axes."""
        if self._shape is None:
            self._shape = self.handle.shape()
        return self._shape

    @property
    def dtype(self) -> Dtype:
        """The element type."""
        return self.handle.data_type()

    @property
    def T(self) -> Tensor:  # noqa: N802, as in NumPy
        """A view with the axes in reverse order."""
        return Tensor(call(self.handle.transpose))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        """Views of the rows."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, index: Index) -> Tensor:
        """A view of a part: `t[3]`, `t[:-1]`, `t[..., 0:2]`."""
        ranges, shape = window(index, self.shape)
        handle = self.handle
        for axis, start, end in ranges:
            handle = call(handle.slice, axis, start, end)
        if len(shape) != len(self.shape):
            handle = call(handle.reshape, shape)
        return self if handle is self.handle else Tensor(handle)

    def __setitem__(self, index: Index, value: Operand) -> None:
        """Computes `value` into this tensor, or into a part of it, cast to its dtype."""
        out = self.handle if index is ... else self[index].handle
        if isinstance(value, Tensor):
            if value.handle is not out:
                call(out.assign, value.handle)
        elif isinstance(value, Expression):
            value._store(out)
        elif isinstance(value, Operators):
            raise TypeError(f"a tensor cannot hold {type(value).__name__}")
        else:
            call(out.fill, float(value))

    def _update(self, symbol: str, other: Operand) -> Self:
        self[...] = self._with(symbol, self, other)
        return self

    def __iadd__(self, other: Operand) -> Self:
        return self._update("+", other)

    def __isub__(self, other: Operand) -> Self:
        return self._update("-", other)

    def __imul__(self, other: Operand) -> Self:
        return self._update("*", other)

    def __itruediv__(self, other: Operand) -> Self:
        return self._update("/", other)

    def evaluate(self, dtype: Dtype | None = None) -> Tensor:
        """This tensor; a copy when a `dtype` is given."""
        return self if dtype is None else self.cast(dtype)

    def _reduce(self, how: Reduction, axes: list[int], keepdims: bool) -> Tensor:
        return Tensor(call(formulas.reduce, self.handle, how, natural(axes, "axes"), keepdims))

    def reshape(self, *shape: int) -> Tensor:
        """A view with other axes over the same elements in the same order; a copy where they do not lie in order."""
        return Tensor(call(self.handle.reshape, natural(list(shape), "lengths")))

    def permute(self, *axes: int) -> Tensor:
        """A view with the axes in the given order, each named once."""
        return Tensor(call(self.handle.permute, natural(list(axes), "axes")))

    def cast(self, dtype: Dtype) -> Tensor:
        """A copy with another element type."""
        return Tensor(call(self.handle.cast, dtype))

    def copy(self) -> Tensor:
        """A copy in storage of its own, row-major."""
        return Tensor(call(self.handle.copy))

    def item(self) -> float:
        """The element of a tensor that has exactly one."""
        return call(self.handle.item)

    def tolist(self) -> Nested:
        """All elements, as nested lists."""
        matrix = self if self.shape else self.reshape(1)
        return unpack(call(matrix.handle.read, 0, len(matrix)), self.shape, self.dtype)


def natural(numbers: list[int], what: str) -> list[int]:
    """Numbers that the bindings can pass on: a negative one would end the component."""
    if any(number < 0 for number in numbers):
        raise BadOperation(f"{what} {numbers}: none may be negative")
    return numbers
