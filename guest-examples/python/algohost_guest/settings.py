"""Hyperparameters, with their types."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any, TypeAlias, TypeVar, Union

from wit_world.imports import job

from .errors import InvalidInput, NotFound

#: What a hyperparameter can be: by kind a flag, an integer, a number, a text, or a list, nested as its `depth` says.
Value: TypeAlias = bool | int | float | str | list["Value"]
_T = TypeVar("_T")


@typing.overload
def hyperparameters() -> dict[str, Value]: ...


@typing.overload
def hyperparameters(kind: type[_T]) -> _T: ...


def hyperparameters(kind: type[_T] | None = None) -> dict[str, Value] | _T:
    """Every hyperparameter that has a value, defaults of the description filled in.

    With a dataclass, an object of it: its fields are the names, their annotations `bool`, `int`, `float`, `str`, a `Literal`, lists of those,
    or any of these `| None`. A field that the job gives no value takes its default, or None where that is allowed.
    """
    values: dict[str, Value] = json.loads(job.hyperparameters())
    if kind is None:
        return values
    return _fill(kind, values)


def _fill(kind: type[_T], values: dict[str, Value]) -> _T:
    given: dict[str, Any] = {}
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        hint = hints[field.name]
        if field.name in values:
            given[field.name] = _checked(values[field.name], hint, field.name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if type(None) not in typing.get_args(hint):
                raise NotFound(f"hyperparameter '{field.name}' has no value: the job gives none and it has no default")
            given[field.name] = None
    return kind(**given)


def _checked(value: Value, hint: Any, name: str) -> Value:
    """The value; an integer becomes a float where one is wanted."""
    if hint is float and type(value) is int:
        return float(value)
    if not _fits(value, hint):
        raise InvalidInput(f"hyperparameter '{name}' is {json.dumps(value)}, which is no {getattr(hint, '__name__', hint)}")
    return value


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(_fits(element, arguments[0]) for element in value)
    return type(value) is hint or (hint is float and type(value) is int)
