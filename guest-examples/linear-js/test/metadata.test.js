import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../src/metadata.js";

test("the description is JSON, and every default is a value that a job may give", () => {
  const { name, hyperparameters } = JSON.parse(describe());
  assert.equal(name, "linear");
  for (const { name, choices, default: value, min = -Infinity, exclusive_min = -Infinity, max = Infinity } of hyperparameters) {
    assert.ok(choices ? choices.includes(value) : value >= min && value > exclusive_min && value <= max, name);
  }
});
