"""Hyperparameters, and elements as Python's numbers."""

from __future__ import annotations

import unittest
from dataclasses import dataclass, field
from typing import Literal
from unittest import mock

from wit_world.imports import job

from algohost_guest import BadOperation, Dtype, InvalidInput, NotFound, hyperparameters
from algohost_guest.elements import Nested, pack, shape_of, unpack


@dataclass(frozen=True)
class Settings:
    rate: float
    objective: Literal["squared", "logistic"]
    steps: int | None
    layers: list[int] = field(default_factory=list)
    shuffle: bool = False


class Hyperparameters(unittest.TestCase):
    def settings(self, text: str) -> Settings:
        with mock.patch.object(job, "hyperparameters", lambda: text):
            return hyperparameters(Settings)

    def test_they_fill_the_fields(self) -> None:
        settings = self.settings('{"rate": 1, "objective": "squared", "steps": 3, "layers": [4, 5], "shuffle": true, "other": 1}')
        self.assertEqual(settings, Settings(1.0, "squared", 3, [4, 5], True))
        self.assertIs(type(settings.rate), float)
        self.assertEqual(self.settings('{"rate": 0.5, "objective": "logistic"}'), Settings(0.5, "logistic", None))
        with mock.patch.object(job, "hyperparameters", lambda: '{"depth": 3}'):
            self.assertEqual(hyperparameters(), {"depth": 3})

    def test_what_does_not_fit_is_an_error(self) -> None:
        with self.assertRaisesRegex(NotFound, "hyperparameter 'rate' has no value"):
            self.settings('{"objective": "squared"}')
        for wrong in ['"rate": true', '"rate": "1"', '"objective": "cubed"', '"steps": 1.5', '"layers": [0.5]', '"shuffle": 1']:
            with self.assertRaises(InvalidInput, msg=wrong):
                self.settings('{"rate": 1, "objective": "squared", ' + wrong + "}")


class Elements(unittest.TestCase):
    def test_they_go_to_bytes_and_back(self) -> None:
        cases: list[tuple[Nested, list[int]]] = [(1, []), ([1, 2], [2]), ([[1, 2], [3, 4], [5, 6]], [3, 2]), ([], [0])]
        for values, shape in cases:
            self.assertEqual(shape_of(values), shape)
            for dtype in (Dtype.FLOAT32, Dtype.INT64, Dtype.UINT8, Dtype.FLOAT16):
                self.assertEqual(unpack(pack(values, shape, dtype), shape, dtype), values)
        self.assertEqual(pack([1, 258], [2], Dtype.UINT16), b"\x01\x00\x02\x01")

    def test_lists_that_make_no_tensor_are_refused(self) -> None:
        ragged: list[Nested] = [[[1, 2], [3]], [[1, 2], 3], [1, [2]]]
        for values in ragged:
            with self.assertRaises(BadOperation, msg=str(values)):
                pack(values, shape_of(values), Dtype.FLOAT32)
        unfit: list[tuple[float, Dtype]] = [(300, Dtype.UINT8), (0.5, Dtype.INT8), (1, Dtype.BFLOAT16)]
        for value, dtype in unfit:
            with self.assertRaises(BadOperation):
                pack([value], [1], dtype)
