"""Errors keep their code on both ways."""

from __future__ import annotations

import contextlib
import io
import unittest

from componentize_py_types import Err
from wit_world.imports.types import Error

from algohost_guest import AlgohostError, BadOperation, ErrorCode, InvalidInput, NotFound, call, exported


@exported
class Export:
    def raised(self, error: Exception) -> None:
        raise error

    def answered(self, value: int) -> int:
        return value


class Errors(unittest.TestCase):
    def test_errors_of_the_bindings_are_exceptions_by_code(self) -> None:
        for code in ErrorCode:
            with self.assertRaises(AlgohostError) as raised:
                call(self.failing, Error(code, "what happened"))
            self.assertEqual((raised.exception.code, raised.exception.message), (code, "what happened"))
        with self.assertRaises(NotFound):
            call(self.failing, Error(ErrorCode.NOT_FOUND, "no channel"))

    def failing(self, error: Error) -> None:
        raise Err(error)

    def test_exceptions_of_an_export_are_errors_of_the_bindings(self) -> None:
        class TooFew(InvalidInput):
            pass

        for given, code in [
            (BadOperation("a"), ErrorCode.BAD_OPERATION),
            (TooFew("a"), ErrorCode.INVALID_INPUT),
            (Err(Error(ErrorCode.DENIED, "a")), ErrorCode.DENIED),
        ]:
            error = self.answer(given)
            self.assertEqual((error.code, error.message), (code, "a"))
        self.assertEqual(Export().answered(3), 3)

    def test_a_fault_of_the_algorithm_is_internal_and_says_where(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as log:
            error = self.answer(ZeroDivisionError("division by zero"))
        self.assertEqual(error.code, ErrorCode.INTERNAL)
        self.assertRegex(error.message, r"^ZeroDivisionError: division by zero \(.*test_errors\.py:\d+\)$")
        self.assertIn("Traceback", log.getvalue())

    def answer(self, given: Exception) -> Error:
        with self.assertRaises(Err) as raised:
            Export().raised(given)
        self.assertIs(type(raised.exception), Err)  # the bindings take no class derived from it
        error = raised.exception.value
        assert isinstance(error, Error)
        return error
