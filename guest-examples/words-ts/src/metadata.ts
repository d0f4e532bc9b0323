/** What the algorithm is: wit/README.md has the schema. */
const DESCRIPTION = {
  name: "words",
  version: "0.1.0",
  summary: "Counts the words and characters of a text, and answers line by line",
  inference: { content_types: ["text/plain"], accept: ["application/jsonlines"] },
};

export function describe(): string {
  return JSON.stringify(DESCRIPTION);
}
