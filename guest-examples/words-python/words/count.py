"""What is counted of a text, and what are its lines and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Counted(NamedTuple):
    words: int
    #: Unicode's code points.
    characters: int


def lines(text: str) -> Iterator[str]:
    r"""The lines without their ends, which are \n and \r\n; `str.splitlines` knows a dozen more."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        if end < 0:
            yield text[start:]
            return
        yield text[start:end].removesuffix("\r")
        start = end + 1


def line(text: str) -> Counted:
    """Words lie between spaces and tabs; `str.split` without a separator knows many more."""
    words = sum(1 for word in re.split("[ \t]", text) if word)
    return Counted(words, len(text))
