"""Formulas are compiled once, run when they are used, and leave nothing behind."""

from __future__ import annotations

import gc
import weakref

from algohost_guest import BadOperation, Dtype, Expression, Tensor

from .fakes import HostTestCase


class Tensors(HostTestCase):
    def test_one_call_does_what_a_line_says(self) -> None:
        x, mean, deviation = self.tensor(5), self.tensor(1), self.tensor(2)
        x[...] = (x - mean) / deviation
        self.assertEqual(self.host.calls, ["compile (t0 - t1) / t2", "apply_into"])
        self.assertEqual(x.item(), 2)

    def test_equal_formulas_are_compiled_once(self) -> None:
        for value in range(3):
            x, y = self.tensor(value), self.tensor(1)
            self.assertEqual((x + y).evaluate().item(), value + 1)
        self.assertEqual(self.host.calls, ["compile t0 + t1", "apply", "apply", "apply"])

    def test_a_formula_reads_its_tensors_anew(self) -> None:
        x, step = self.tensor(1), self.tensor(1)
        moved = x + step
        for _ in range(3):
            x[...] = moved
        self.assertEqual(x.item(), 4)
        self.assertEqual(self.host.calls, ["compile t0 + t1"] + 3 * ["apply_into"])

    def test_assignment_takes_numbers_tensors_and_formulas(self) -> None:
        x, y = self.tensor(1), self.tensor(2)
        x[...] = 3
        x[...] = y
        x += y
        x *= 2.5
        x -= 1
        x /= 3
        self.assertEqual(x.item(), 3)
        self.assertEqual([call for call in self.host.calls if "compile" not in call], ["fill 3.0", "assign"] + 4 * ["apply_into"])

    def test_reductions_go_to_a_number_or_over_axes(self) -> None:
        x = self.tensor(4)
        self.assertEqual((x - 1).sum(), 3)
        self.assertEqual((x - 1).max([0, 1], keepdims=True).item(), 3)
        self.assertEqual(x.mean(0).item(), 4)
        self.assertTrue(((x != 0) & (x != 1)).any())
        calls = [call for call in self.host.calls if "compile" not in call]
        self.assertEqual(calls, ["reduce_all SUM", "reduce MAX [0, 1] True", "reduce of a tensor MEAN [0] False", "reduce_all ANY"])
        with self.assertRaisesRegex(BadOperation, "negative"):
            x.sum(-1)

    def test_results_are_cast(self) -> None:
        (self.tensor(1) / 2).evaluate(Dtype.FLOAT32)
        self.assertIn("apply_as FLOAT32", self.host.calls)

    def test_parts_are_views(self) -> None:
        x = self.tensor(1, [5, 3])
        self.assertEqual([part.shape for part in (x[:-1], x[2], x[..., 0:2], x[1, 1])], [[4, 3], [3], [5, 2], []])
        self.assertIs(x[...], x)
        self.assertEqual(len(list(x)), 5)
        calls = [call for call in self.host.calls if call != "shape"]
        self.assertEqual(calls[:3], ["slice 0 0 4", "slice 0 2 3", "reshape [3]"])
        with self.assertRaises(IndexError):
            _ = x[5]
        with self.assertRaisesRegex(IndexError, "no step"):
            _ = x[::2]

    def test_nothing_waits_for_the_collector(self) -> None:
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        x, y = self.tensor(1, [2]), self.tensor(2)
        kept = [weakref.ref(x.handle), weakref.ref(y.handle)]
        result = self.worked_with(x, y)
        kept.append(weakref.ref(result.handle))
        with self.assertRaises(BadOperation):
            x.sum(-1)
        del x, y, result
        self.assertEqual([reference() for reference in kept], [None, None, None])

    def worked_with(self, x: Tensor, y: Tensor) -> Tensor:
        formula: Expression = (x - y) / 2
        formula.sum()
        x[0:1] = formula
        x += y
        return formula.evaluate()
