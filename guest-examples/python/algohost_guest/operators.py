"""Python's operators, as terms of a formula."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NoReturn, TypeAlias, Union

from .terms import Number, Operation, Term

if TYPE_CHECKING:
    from .expression import Expression

#: What stands beside an operator.
Operand: TypeAlias = Union["Operators", float]


class Operators:
    """What can be computed with, element by element."""

    __slots__ = ()

    @property
    @abstractmethod
    def term(self) -> Term:
        """This as a part of a formula."""

    @abstractmethod
    def _expression(self, term: Term) -> Expression: ...

    def _with(self, symbol: str, *operands: Operand) -> Expression:
        if not all(isinstance(operand, Operators | float | int) for operand in operands):
            return NotImplemented  # type: ignore[no-any-return] # every operator passes it on to Python
        return self._expression(Operation(symbol, *map(term_of, operands)))

    def __add__(self, other: Operand) -> Expression:
        return self._with("+", self, other)

    def __radd__(self, other: float) -> Expression:
        return self._with("+", other, self)

    def __sub__(self, other: Operand) -> Expression:
        return self._with("-", self, other)

    def __rsub__(self, other: float) -> Expression:
        return self._with("-", other, self)

    def __mul__(self, other: Operand) -> Expression:
        return self._with("*", self, other)

    def __rmul__(self, other: float) -> Expression:
        return self._with("*", other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return self._with("/", self, other)

    def __rtruediv__(self, other: float) -> Expression:
        return self._with("/", other, self)

    def __pow__(self, other: Operand) -> Expression:
        return self._with("^", self, other)

    def __rpow__(self, other: float) -> Expression:
        return self._with("^", other, self)

    def __neg__(self) -> Expression:
        return self._with("negative", self)

    def __abs__(self) -> Expression:
        return self._with("abs", self)

    def __lt__(self, other: Operand) -> Expression:
        return self._with("<", self, other)

    def __le__(self, other: Operand) -> Expression:
        return self._with("<=", self, other)

    def __gt__(self, other: Operand) -> Expression:
        return self._with(">", self, other)

    def __ge__(self, other: Operand) -> Expression:
        return self._with(">=", self, other)

    def __eq__(self, other: Operand) -> Expression:  # type: ignore[override]
        return self._with("==", self, other)

    def __ne__(self, other: Operand) -> Expression:  # type: ignore[override]
        return self._with("!=", self, other)

    def __and__(self, other: Operand) -> Expression:
        return self._with("and", self, other)

    def __rand__(self, other: float) -> Expression:
        return self._with("and", other, self)

    def __or__(self, other: Operand) -> Expression:
        return self._with("or", self, other)

    def __ror__(self, other: float) -> Expression:
        return self._with("or", other, self)

    def __invert__(self) -> Expression:
        return self._with("not", self)

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError("many elements are not one truth: use any() or all(), and & | ~ in place of and, or, not")


def term_of(operand: Operand) -> Term:
    """An operand as a part of a formula."""
    return operand.term if isinstance(operand, Operators) else Number(float(operand))
