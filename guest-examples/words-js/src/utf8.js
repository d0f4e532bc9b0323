/** Bytes to text and back: this JavaScript has no TextDecoder and no TextEncoder. */

/** Code points that become text in one call: its arguments lie on the stack. */
const CHUNK = 1024;

/** The text, and how many bytes of it are UTF-8: fewer than there are when the text goes on with something else. */
export function decode(bytes) {
  let text = "";
  let points = [];
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) break;
    points.push(codePoint(bytes, at, length));
    at += length;
    if (points.length === CHUNK) {
      text += String.fromCodePoint(...points);
      points = [];
    }
  }
  return { text: text + String.fromCodePoint(...points), validBytes: at };
}

/** Bytes of a text of ASCII characters, which is all that JSON of numbers has. */
export function encode(ascii) {
  const bytes = new Uint8Array(ascii.length);
  for (let at = 0; at < ascii.length; at++) bytes[at] = ascii.charCodeAt(at);
  return bytes;
}

/** How many bytes the code point at `at` has; 0 when they are not UTF-8. The table is Unicode's 3-7. */
function sequenceLength(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let next = at + 1; next < at + length; next++) {
    if (!(bytes[next] >= 0x80 && bytes[next] <= 0xbf)) return 0; // also beyond the end
  }
  const second = bytes[at + 1];
  const overlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const surrogate = first === 0xed && second > 0x9f;
  const beyond = first === 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

function codePoint(bytes, at, length) {
  if (length === 1) return bytes[at];
  let point = bytes[at] & (0x7f >> length);
  for (let next = at + 1; next < at + length; next++) point = (point << 6) | (bytes[next] & 0x3f);
  return point;
}
