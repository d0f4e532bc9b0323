"""Functions of formulas, element by element."""

from __future__ import annotations

from .expression import Expression
from .operators import Operand, term_of
from .terms import Operation


def _call(name: str, *operands: Operand) -> Expression:
    return Expression(Operation(name, *map(term_of, operands)))


def sign(x: Operand) -> Expression:
    """-1, 0 or 1."""
    return _call("sign", x)


def floor(x: Operand) -> Expression:
    return _call("floor", x)


def ceil(x: Operand) -> Expression:
    return _call("ceil", x)


def round(x: Operand) -> Expression:
    return _call("round", x)


def trunc(x: Operand) -> Expression:
    return _call("trunc", x)


def sqrt(x: Operand) -> Expression:
    return _call("sqrt", x)


def exp(x: Operand) -> Expression:
    return _call("exp", x)


def expm1(x: Operand) -> Expression:
    """exp(x) - 1, exact near 0."""
    return _call("expm1", x)


def log(x: Operand) -> Expression:
    return _call("log", x)


def log1p(x: Operand) -> Expression:
    """log(1 + x), exact near 0."""
    return _call("log1p", x)


def sin(x: Operand) -> Expression:
    return _call("sin", x)


def cos(x: Operand) -> Expression:
    return _call("cos", x)


def tan(x: Operand) -> Expression:
    return _call("tan", x)


def tanh(x: Operand) -> Expression:
    return _call("tanh", x)


def sigmoid(x: Operand) -> Expression:
    """1 / (1 + exp(-x))"""
    return _call("sigmoid", x)


def softplus(x: Operand) -> Expression:
    """log(1 + exp(x))"""
    return _call("softplus", x)


def relu(x: Operand) -> Expression:
    return _call("relu", x)


def square(x: Operand) -> Expression:
    return _call("square", x)


def isnan(x: Operand) -> Expression:
    return _call("isnan", x)


def minimum(x: Operand, y: Operand) -> Expression:
    """The lesser of two."""
    return _call("min", x, y)


def maximum(x: Operand, y: Operand) -> Expression:
    """The greater of two."""
    return _call("max", x, y)


def where(condition: Operand, then: Operand, otherwise: Operand) -> Expression:
    """`then` where the condition is not 0, else `otherwise`."""
    return _call("where", condition, then, otherwise)


def clamp(x: Operand, low: Operand, high: Operand) -> Expression:
    """`x`, but at least `low` and at most `high`."""
    return _call("clamp", x, low, high)
