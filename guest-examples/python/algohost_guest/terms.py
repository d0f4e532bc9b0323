"""Formulas as trees, and their text in the language of the host. Nothing here calls the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, TypeAlias

from .errors import BadOperation

if TYPE_CHECKING:
    from wit_world.imports import tensors

# How tightly operators bind, as the host reads them.
OR, AND, NOT, COMPARE, SUM, PRODUCT, NEGATE, POWER, ATOM = range(9)

_STRENGTHS: Final = {
    **{"or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER},
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARE),
}
# No formula of more terms fits into what the host reads; also a guard against what doubles with each use.
_MOST_TERMS: Final = 4096
_DEEPEST: Final = 200


@dataclass(frozen=True, eq=False, slots=True)
class Number:
    """A number that stands in the text."""

    value: float
    size: ClassVar[int] = 1
    depth: ClassVar[int] = 1


@dataclass(frozen=True, eq=False, slots=True)
class Input:
    """A tensor, by the handle that the bindings know."""

    handle: tensors.Tensor
    size: ClassVar[int] = 1
    depth: ClassVar[int] = 1


class Operation:
    """An operator, or a function, of other terms."""

    __slots__ = ("depth", "operands", "size", "symbol")

    def __init__(self, symbol: str, *operands: Term) -> None:
        self.symbol, self.operands = symbol, operands
        self.size: int = 1 + sum(operand.size for operand in operands)
        self.depth: int = 1 + max(operand.depth for operand in operands)
        if self.size > _MOST_TERMS or self.depth > _DEEPEST:
            raise BadOperation("the expression is too large for one formula: assign a part of it into a tensor")


Term: TypeAlias = Number | Input | Operation


class Rendered(NamedTuple):
    """A formula as the host compiles it."""

    #: Names of the inputs, with spaces between them.
    names: str
    text: str
    #: The tensors in the order of the names, each once.
    handles: list[tensors.Tensor]


def render(term: Term) -> Rendered:
    """The formula of a term. Equal formulas of other tensors have the same text."""
    writer = _Writer()
    text = writer.text(term, OR)
    return Rendered(" ".join(writer.names.values()), text, writer.handles)


class _Writer:
    """No closures that call each other: they would keep the handles until the collector comes."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.handles: list[tensors.Tensor] = []

    def text(self, term: Term, least: int) -> str:
        """The text of a term, in parentheses unless it binds as tightly as `least`."""
        match term:
            case Number(value):
                strength, text = _number(value)
            case Input(handle):
                return self.name(handle)
            case Operation():
                strength, text = self.operation(term)
        return text if strength >= least else f"({text})"

    def name(self, handle: tensors.Tensor) -> str:
        if id(handle) not in self.names:
            self.names[id(handle)] = f"t{len(self.handles)}"
            self.handles.append(handle)
        return self.names[id(handle)]

    def operation(self, term: Operation) -> tuple[int, str]:
        symbol, operands = term.symbol, term.operands
        if symbol == "not":
            return NOT, f"not {self.text(operands[0], NOT)}"
        if symbol == "negative":
            return NEGATE, f"-{self.text(operands[0], NEGATE)}"
        strength = _STRENGTHS.get(symbol)
        if strength is None:
            return ATOM, f"{symbol}({', '.join(self.text(operand, OR) for operand in operands)})"
        left, right = _sides(strength)
        return strength, f"{self.text(operands[0], left)} {symbol} {self.text(operands[1], right)}"


def _sides(strength: int) -> tuple[int, int]:
    """How tightly the two operands of an operator must bind to stand without parentheses."""
    if strength == POWER:  # groups to the right
        return ATOM, NEGATE
    if strength == COMPARE:  # does not chain
        return SUM, SUM
    return strength, strength + 1


def _number(value: float) -> tuple[int, str]:
    """The shortest text that is read as the same number."""
    shown = repr(value).removesuffix(".0")
    return (NEGATE if shown.startswith("-") else ATOM), shown
