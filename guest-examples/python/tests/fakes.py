"""A host that computes with single numbers: enough to see which calls are made and whether the text of a formula means what was written."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any
from unittest import TestCase, mock

from componentize_py_types import Err
from wit_world.imports import formulas, tensors
from wit_world.imports.formulas import Reduction
from wit_world.imports.tensors import Dtype
from wit_world.imports.types import Error, ErrorCode

from algohost_guest import expression

FUNCTIONS: dict[str, Callable[..., float]] = {
    **{"sqrt": math.sqrt, "exp": math.exp, "tanh": math.tanh, "abs": abs, "min": min, "max": max},
    "where": lambda condition, then, otherwise: then if condition else otherwise,
    "clamp": lambda x, low, high: min(max(x, low), high),
}


class FakeTensor(tensors.Tensor):
    """One number; every position of its shape has it."""

    def __init__(self, host: Host, value: float, shape: list[int] | None = None) -> None:
        self.host, self.value, self.lengths = host, value, shape or []

    def shape(self) -> list[int]:
        self.host.calls.append("shape")
        return self.lengths

    def data_type(self) -> Dtype:
        return Dtype.FLOAT64

    def item(self) -> float:
        return self.value

    def fill(self, value: float) -> None:
        self.host.calls.append(f"fill {value}")
        self.value = value

    def assign(self, source: tensors.Tensor) -> None:
        self.host.calls.append("assign")
        self.value = source.item()

    def slice(self, axis: int, start: int, end: int) -> FakeTensor:
        self.host.calls.append(f"slice {axis} {start} {end}")
        return self.host.new(self.value, [*self.lengths[:axis], end - start, *self.lengths[axis + 1 :]])

    def reshape(self, shape: list[int]) -> FakeTensor:
        self.host.calls.append(f"reshape {shape}")
        return self.host.new(self.value, shape)


class FakeFormula(formulas.Formula):
    """Python's operators bind as the host's do, but for comparisons, which Python chains."""

    def __init__(self, host: Host, names: str, text: str) -> None:
        self.host, self.names = host, names.split()
        try:
            tree = ast.parse(text.replace("^", "**"), mode="eval")
        except SyntaxError as error:
            raise Err(Error(ErrorCode.BAD_OPERATION, f"compile: {error}")) from None
        if any(isinstance(node, ast.Compare) and len(node.ops) > 1 for node in ast.walk(tree)):
            raise Err(Error(ErrorCode.BAD_OPERATION, "compile: comparisons do not chain"))
        self.code = compile(tree, text, "eval")

    def value(self, call: str, inputs: list[tensors.Tensor]) -> float:
        self.host.calls.append(call)
        if len(inputs) != len(self.names):
            raise Err(Error(ErrorCode.BAD_OPERATION, f"{len(inputs)} inputs for {len(self.names)}"))
        values = dict(zip(self.names, (each.item() for each in inputs), strict=True))
        return float(eval(self.code, {"__builtins__": {}, "inf": math.inf, "nan": math.nan}, {**FUNCTIONS, **values}))

    def apply(self, inputs: list[tensors.Tensor]) -> FakeTensor:
        return self.host.new(self.value("apply", inputs))

    def apply_as(self, dtype: Dtype, inputs: list[tensors.Tensor]) -> FakeTensor:
        return self.host.new(self.value(f"apply_as {dtype.name}", inputs))

    def apply_into(self, out: tensors.Tensor, inputs: list[tensors.Tensor]) -> None:
        value = self.value("apply_into", inputs)
        assert isinstance(out, FakeTensor)
        out.value = value

    def reduce(self, how: Reduction, axes: list[int], keep_dims: bool, inputs: list[tensors.Tensor]) -> FakeTensor:
        return self.host.new(self.value(f"reduce {how.name} {axes} {keep_dims}", inputs))

    def reduce_all(self, how: Reduction, inputs: list[tensors.Tensor]) -> float:
        return self.value(f"reduce_all {how.name}", inputs)


class Host:
    """What was called, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def new(self, value: float, shape: list[int] | None = None) -> FakeTensor:
        return FakeTensor(self, value, shape)

    def compile(self, names: str, text: str) -> FakeFormula:
        self.calls.append(f"compile {text}")
        return FakeFormula(self, names, text)

    def reduce(self, a: tensors.Tensor, how: Reduction, axes: list[int], keep_dims: bool) -> FakeTensor:
        self.calls.append(f"reduce of a tensor {how.name} {axes} {keep_dims}")
        return self.new(a.item())


class HostTestCase(TestCase):
    """Tests in which calls of the bindings reach a fake host."""

    def setUp(self) -> None:
        self.host = Host()
        self.patch(formulas, "compile", self.host.compile)
        self.patch(formulas, "reduce", self.host.reduce)
        self.addCleanup(expression._compiled.cache_clear)

    def patch(self, module: Any, name: str, function: Callable[..., Any]) -> None:
        patcher = mock.patch.object(module, name, function)
        patcher.start()
        self.addCleanup(patcher.stop)

    def tensor(self, value: float, shape: list[int] | None = None) -> expression.Tensor:
        return expression.Tensor(self.host.new(value, shape))
