// types.mjs WIT_FOLDER WORLD OUT: TypeScript's declarations of a world, as `jco guest-types` writes them, and as QuickJS keeps them:
// lists are arrays but for bytes, a number of 64 bits is a number, and what is not there is null.
import { generateGuestTypes, writeFiles } from "@bytecodealliance/jco-transpile";

const asQuickJs = (text) =>
  text
    .replace(/\b(Int8|(Int|Uint|Float)(16|32|64)|Big(Int|Uint)64)Array\b/g, "number[]")
    .replace(/\bbigint\b/g, "number")
    .replace(/^( +\w+)\?: (.+),$/gm, "$1: $2 | null,")
    .replace(/\| undefined\b/g, "| null");

const [wit, worldName, out] = process.argv.slice(2);
const files = await generateGuestTypes(wit, { worldName });
const text = (content) => asQuickJs(typeof content === "string" ? content : new TextDecoder().decode(content));
await writeFiles(Object.fromEntries(Object.entries(files).map(([name, content]) => [`${out}/${name}`, text(content)])));
