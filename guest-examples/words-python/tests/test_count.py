"""What are lines, words and characters."""

from __future__ import annotations

import unittest

from algohost_guest import InvalidInput

from words import count
from words.handler import decoded, encoded


class Words(unittest.TestCase):
    def test_words_lie_between_spaces_and_tabs(self) -> None:
        for text, words, characters in [("", 0, 0), ("one", 1, 3), ("  two \t words ", 2, 14), ("für ☃", 2, 5), ("a\u00a0b\u2028c\r", 1, 6)]:
            self.assertEqual(count.line(text), (words, characters), text)

    def test_lines_end_with_a_line_feed_before_which_a_return_is_cut_off(self) -> None:
        for text, lines in [
            ("", []),
            ("a", ["a"]),
            ("a\n", ["a"]),
            ("\n\n", ["", ""]),
            ("a\r\nb\r\r\nc\rd\r", ["a", "b\r", "c\rd\r"]),
            ("a\x0bb\x0cc\x85d\u2028e", ["a\x0bb\x0cc\x85d\u2028e"]),
        ]:
            self.assertEqual(list(count.lines(text)), lines, repr(text))

    def test_a_body_that_is_no_text_is_refused_with_the_place(self) -> None:
        self.assertEqual(decoded(b"f\xc3\xbcr"), "für")
        for body, place in [(b"\xff", 0), (b"ab\xc3", 2), (b"ab\xed\xa0\x80", 2), (b"\xe2\x98\x83\xf4\x90\x80\x80", 3)]:
            with self.assertRaisesRegex(InvalidInput, f"^the text is not UTF-8 from byte {place} on$"):
                decoded(body)

    def test_answers_have_no_spaces(self) -> None:
        self.assertEqual(encoded(line=1, words=2, characters=3), b'{"line":1,"words":2,"characters":3}\n')
