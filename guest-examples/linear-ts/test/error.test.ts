import assert from "node:assert/strict";
import { test } from "node:test";
import { AlgorithmError } from "../src/error.ts";

test("an error carries what crosses to the host", () => {
  const error = new AlgorithmError("invalid-input", "no rows");
  assert.equal(error.message, "no rows");
  assert.deepEqual(error.payload, { code: "invalid-input", message: "no rows" });
});
