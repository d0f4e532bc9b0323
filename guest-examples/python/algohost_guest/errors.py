"""Errors of the interface as exceptions, and the way back.

The bindings raise `componentize_py_types.Err` and take nothing else from an export: any other exception, even one of a class derived from it,
is a trap. `call` and `exported` translate.
"""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec, TypeVar

from componentize_py_types import Err
from wit_world.imports.types import Error, ErrorCode

_P = ParamSpec("_P")
_R = TypeVar("_R")
_C = TypeVar("_C", bound=type)


class AlgohostError(Exception):
    """An error with a code, which says whose move it is; raise one of the classes below. The first line of `message` stands alone."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(AlgohostError):
    """Data, request or hyperparameter of the caller is wrong."""

    code = ErrorCode.INVALID_INPUT


class UnsupportedMedia(AlgohostError):
    """A content type that is not read or cannot be written."""

    code = ErrorCode.UNSUPPORTED_MEDIA


class BadModel(AlgohostError):
    """The model directory holds no model that this algorithm can use."""

    code = ErrorCode.BAD_MODEL


class BadOperation(AlgohostError):
    """Shape, dtype, axis or formula do not fit the operation."""

    code = ErrorCode.BAD_OPERATION


class LimitExceeded(AlgohostError):
    """A limit that the operator set is reached."""

    code = ErrorCode.LIMIT_EXCEEDED


class Interrupted(AlgohostError):
    """The host asked to stop."""

    code = ErrorCode.INTERRUPTED


class ReadOrWriteFailed(AlgohostError):
    """Reading or writing failed."""

    code = ErrorCode.IO


class NotFound(AlgohostError):
    """There is no channel, file, hyperparameter or tensor of that name."""

    code = ErrorCode.NOT_FOUND


class NotSupported(AlgohostError):
    """This host does not do that."""

    code = ErrorCode.NOT_SUPPORTED


class Denied(AlgohostError):
    """The operator has not granted it."""

    code = ErrorCode.DENIED


class Internal(AlgohostError):
    """A fault of the algorithm or of the host."""


_CLASSES = {kind.code: kind for kind in AlgohostError.__subclasses__()}


def call(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Calls a function of the bindings; its error comes as one of the exceptions above."""
    try:
        return function(*args, **kwargs)
    except Err as err:
        raise _CLASSES[err.value.code](err.value.message) from None


def exported(cls: _C) -> _C:
    """For a class that the component exports: exceptions of its methods become errors with their code. One that is none of the above is a
    fault of the algorithm: it becomes `internal`, and its traceback goes to the log."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and callable(method):
            setattr(cls, name, _answering(method))
    return cls


def _answering(method: Callable[_P, _R]) -> Callable[_P, _R]:
    @functools.wraps(method)
    def answer(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except (Err, MemoryError):  # without memory nothing can be told: the host replaces the instance
            raise
        except AlgohostError as error:
            raise Err(Error(error.code, error.message)) from None
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            raise Err(Error(ErrorCode.INTERNAL, _told(error))) from None

    return answer


def _told(error: Exception) -> str:
    """What happened and where, in one line."""
    place: Any = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
