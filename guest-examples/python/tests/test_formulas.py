"""Expressions become the text that means the same."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable
from typing import Any

from algohost_guest import BadOperation, Expression, clamp, exp, maximum, minimum, sqrt, tanh, where
from algohost_guest.terms import render

from .fakes import FUNCTIONS, HostTestCase

OPERATORS: list[Callable[[Any, Any], Any]] = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]
CALLS: list[tuple[Callable[..., Expression], Callable[..., float], int]] = [
    (tanh, math.tanh, 1),
    (minimum, min, 2),
    (maximum, max, 2),
    (where, FUNCTIONS["where"], 3),
    (clamp, FUNCTIONS["clamp"], 3),
]


class Formulas(HostTestCase):
    def test_parentheses_stand_where_they_are_needed_and_only_there(self) -> None:
        x, y, z = self.tensor(1), self.tensor(2), self.tensor(3)
        for expression, text in [
            ((x - y) / z, "(t0 - t1) / t2"),
            (x - y - z, "t0 - t1 - t2"),
            (x - (y - z), "t0 - (t1 - t2)"),
            (x * y + z, "t0 * t1 + t2"),
            (x * (y / z), "t0 * (t1 / t2)"),
            (0.9 * x - 0.5 * (y / 4 + z), "0.9 * t0 - 0.5 * (t1 / 4 + t2)"),
            ((x**y) ** z, "(t0 ^ t1) ^ t2"),
            (x ** (y**z), "t0 ^ t1 ^ t2"),
            ((-x) ** 2, "(-t0) ^ 2"),
            (-(x**2), "-t0 ^ 2"),
            (x**-2, "t0 ^ -2"),
            ((-1) * x, "-1 * t0"),
            (x.__rpow__(-2), "(-2) ^ t0"),
            ((x != 0) & (x != 1), "t0 != 0 and t0 != 1"),
            ((x < y) == (y < z), "(t0 < t1) == (t1 < t2)"),
            (~(x < y) | (z > 0), "not t0 < t1 or t2 > 0"),
            ((~x) + 1, "(not t0) + 1"),
            ((x & y) | z, "t0 and t1 or t2"),
            (x & (y | z), "t0 and (t1 or t2)"),
            (where(x > 0, sqrt(x), 1), "where(t0 > 0, sqrt(t0), 1)"),
            (abs(x - y), "abs(t0 - t1)"),
            (x + 1e-12 + 1e300 + math.inf, "t0 + 1e-12 + 1e+300 + inf"),
        ]:
            self.assertEqual(render(expression.term).text, text)

    def test_a_tensor_is_one_input_however_often_it_is_used(self) -> None:
        x, y = self.tensor(1), self.tensor(2)
        rendered = render((y * x + y / x).term)
        self.assertEqual((rendered.names, rendered.text), ("t0 t1", "t0 * t1 + t0 / t1"))
        self.assertEqual(rendered.handles, [y.handle, x.handle])

    def test_any_formula_means_what_python_would_compute(self) -> None:
        source = random.Random(7)
        for _ in range(500):
            expression, expected = self.drawn(source, 4)
            if not math.isfinite(expected) or not isinstance(expression, Expression):
                continue
            found = expression.evaluate().item()
            self.assertEqual(found, expected, render(expression.term).text)

    def drawn(self, source: random.Random, depth: int) -> tuple[Any, float]:
        """A formula, and the number that it is."""
        if depth == 0 or source.random() < 0.1:
            value = float(source.choice([-2, -1, 0, 0.5, 1, 3]))
            return (self.tensor(value), value) if source.random() < 0.7 else (value, value)
        kind = source.random()
        if kind < 0.15:
            expression, value = self.drawn(source, depth - 1)
            return -expression, -value
        if kind < 0.3:
            function, plain, count = source.choice(CALLS)
            operands = [self.drawn(source, depth - 1) for _ in range(count)]
            return function(*(each[0] for each in operands)), plain(*(each[1] for each in operands))
        combine = source.choice(OPERATORS)
        (left, a), (right, b) = self.drawn(source, depth - 1), self.drawn(source, depth - 1)
        try:
            value = combine(a, b)
        except (ZeroDivisionError, OverflowError):
            return left, a
        return (left, a) if isinstance(value, complex) else (combine(left, right), float(value))

    def test_what_no_formula_holds_is_refused_when_it_is_written(self) -> None:
        with self.assertRaisesRegex(BadOperation, "too large for one formula"):
            x: Expression = self.tensor(1)
            for _ in range(100):
                x = x * x
        with self.assertRaisesRegex(BadOperation, "too large for one formula"):
            for _ in range(1000):
                x = exp(x)

    def test_many_elements_are_not_one_truth(self) -> None:
        x = self.tensor(1)
        with self.assertRaisesRegex(TypeError, "use any"):
            bool(x != 0 and x != 1)
        with self.assertRaises(TypeError):
            _ = x + "1"  # type: ignore[operator]
