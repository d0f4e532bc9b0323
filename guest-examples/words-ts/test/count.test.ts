import assert from "node:assert/strict";
import { test } from "node:test";
import { countLine, splitLines } from "../src/count.ts";

test("words lie between spaces and tabs", () => {
  const cases: [line: string, words: number, characters: number][] = [
    ["", 0, 0],
    ["one", 1, 3],
    ["  two \t words ", 2, 14],
    ["für ☃", 2, 5],
    ["𝄞\u00a0one", 1, 5],
  ];
  for (const [line, words, characters] of cases) {
    assert.deepEqual(countLine(line), { words, characters }, line);
  }
});

test("lines end with \\n or \\r\\n, and the last one may be without an end", () => {
  const cases: [text: string, lines: string[]][] = [
    ["", []],
    ["\n", [""]],
    ["a\nb", ["a", "b"]],
    ["a\r\n\r\nb\r\n", ["a", "", "b"]],
    ["a\rb\r\r\nc\r", ["a\rb\r", "c\r"]],
  ];
  for (const [text, lines] of cases) {
    assert.deepEqual(splitLines(text), lines, JSON.stringify(text));
  }
});
