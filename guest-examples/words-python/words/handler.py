"""One JSON object a line, and one of all: a client sees the first while the last is counted."""

from __future__ import annotations

import json
from pathlib import Path

from algohost_guest import InvalidInput, exported
from wit_world.imports.requests import Request
from wit_world.imports.streams import AnswerWriter

from . import count

# Read while the component is built: it has no files of its own when it runs.
_DESCRIPTION = (Path(__file__).parents[1] / "description.json").read_text("utf-8")


class Metadata:
    def describe(self) -> str:
        return _DESCRIPTION


@exported
class StreamHandler:
    def load(self) -> None:
        pass

    def handle_stream(self, request: Request, answer: AnswerWriter) -> None:
        text = decoded(request.body)
        answer.begin(200, [("content-type", "application/jsonlines")])
        lines = words = characters = 0
        for line in count.lines(text):
            counted = count.line(line)
            lines, words, characters = lines + 1, words + counted.words, characters + counted.characters
            answer.write(encoded(line=lines, words=counted.words, characters=counted.characters))
        answer.write(encoded(lines=lines, words=words, characters=characters))


def decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the text is not UTF-8 from byte {error.start} on") from None


def encoded(**numbers: int) -> bytes:
    """A line of JSON Lines."""
    return json.dumps(numbers, separators=(",", ":")).encode() + b"\n"
