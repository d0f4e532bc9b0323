/** What is counted of a text. */

export interface Counted {
  words: number;
  /** Unicode's code points. */
  characters: number;
}

/** Lines end with \n or \r\n; a last line may be without an end. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop(); // what comes after the last end is no line where it is empty
  const ended = lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  return last ? [...ended, last] : ended;
}

/** Words lie between spaces and tabs. */
export function countLine(line: string): Counted {
  const words = line.match(/[^ \t]+/g)?.length ?? 0;
  let characters = 0;
  for (const _ of line) characters += 1; // by code points, where `length` counts UTF-16's units
  return { words, characters };
}
