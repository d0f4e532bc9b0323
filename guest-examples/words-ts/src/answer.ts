/** Counts words, line by line: a handler of bytes that answers part by part, the same as in the other languages beside it. */

import type { Request } from "algohost:ml/requests@0.1.0";
import type { AnswerWriter } from "algohost:ml/streams@0.1.0";
import { countLine, splitLines } from "./count.ts";
import { AlgorithmError } from "./error.ts";
import { decode, encode } from "./utf8.ts";

export function load(): void {}

/** One JSON object a line, and one of all: a client sees the first while the last is counted. */
export function handleStream(request: Request, writer: AnswerWriter): void {
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

function jsonLine(value: object): Uint8Array {
  return encode(`${JSON.stringify(value)}\n`);
}
