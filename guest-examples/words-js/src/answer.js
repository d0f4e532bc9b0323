/** Counts words, line by line: a handler of bytes that answers part by part, the same as in the other languages beside it. */

import { countLine, splitLines } from "./count.js";
import { AlgorithmError } from "./error.js";
import { decode, encode } from "./utf8.js";

export function load() {}

/** One JSON object a line, and one of all: a client sees the first while the last is counted. */
export function handleStream(request, writer) {
  using answer = writer; // the call's own: freed with its end
  const { text, validBytes } = decode(request.body);
  if (validBytes < request.body.length) throw new AlgorithmError("invalid-input", `the text is not UTF-8 from byte ${validBytes} on`);
  answer.begin(200, [["content-type", "application/jsonlines"]]);
  const all = { lines: 0, words: 0, characters: 0 };
  for (const line of splitLines(text)) {
    const { words, characters } = countLine(line);
    all.lines += 1;
    all.words += words;
    all.characters += characters;
    answer.write(jsonLine({ line: all.lines, words, characters }));
  }
  answer.write(jsonLine(all));
}

function jsonLine(value) {
  return encode(`${JSON.stringify(value)}\n`);
}
