import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../src/utf8.ts";

test("texts of every length of code point come back", () => {
  const text = "a\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}".repeat(300);
  const bytes = new TextEncoder().encode(text);
  assert.deepEqual(decode(bytes), { text, validBytes: bytes.length });
});

test("what is not UTF-8 is found where it begins", () => {
  const cases: [bytes: number[], validBytes: number][] = [
    [[0x61, 0xff, 0x61], 1],
    [[0x61, 0x80], 1],
    [[0xc3, 0xbc, 0xc3], 2], // cut off
    [[0xe2, 0x98, 0x61], 0],
    [[0xc1, 0xbf], 0], // longer than it need be
    [[0xe0, 0x9f, 0xbf], 0],
    [[0xf0, 0x8f, 0xbf, 0xbf], 0],
    [[0xed, 0xa0, 0x80], 0], // a surrogate
    [[0xf4, 0x90, 0x80, 0x80], 0], // beyond Unicode
    [[0xf5, 0x80, 0x80, 0x80], 0],
  ];
  for (const [bytes, validBytes] of cases) {
    assert.equal(decode(Uint8Array.from(bytes)).validBytes, validBytes, String(bytes));
  }
});

test("ASCII becomes bytes", () => assert.deepEqual([...encode("{}\n")], [0x7b, 0x7d, 0x0a]));
