/** What is counted of a text. */

/** Lines end with \n or \r\n; a last line may be without an end. */
export function splitLines(text) {
  const lines = text.split("\n");
  const last = lines.pop(); // what comes after the last end is no line where it is empty
  const ended = lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  return last ? [...ended, last] : ended;
}

/** Words lie between spaces and tabs; characters are Unicode's code points. */
export function countLine(line) {
  const words = line.match(/[^ \t]+/g)?.length ?? 0;
  let characters = 0;
  for (const _ of line) characters += 1; // by code points, where `length` counts UTF-16's units
  return { words, characters };
}
