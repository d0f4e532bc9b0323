/** Scores of rows: one host call a request. */

import { openArchive } from "algohost:ml/artifacts@0.1.0";
import { type Activation, affine } from "algohost:ml/linalg@0.1.0";
import type { Output } from "algohost:ml/predictor@0.1.0";
import type { Tensor } from "algohost:ml/tensors@0.1.0";
import { AlgorithmError } from "./error.ts";

interface Model {
  coefficients: Tensor;
  intercept: Tensor;
  activation: Activation;
}

/** The model that `load` read. */
let loaded: Model | undefined;

export function load(): void {
  using archive = openArchive("model.safetensors");
  const { objective } = JSON.parse(archive.metadata());
  using intercept = archive.get("intercept");
  loaded = {
    coefficients: archive.get("coefficients"),
    intercept: intercept.reshape([1]),
    activation: objective === "logistic" ? "sigmoid" : "identity",
  };
}

export function predict(rows: Tensor): Output[] {
  using features = rows; // the call's own: freed with its end
  if (!loaded) throw new AlgorithmError("bad-model", "no model is loaded");
  const found = features.shape()[1];
  const wanted = loaded.coefficients.shape()[0];
  if (found !== wanted) throw new AlgorithmError("invalid-input", `rows have ${found} features, the model has ${wanted}`);
  const value = affine(features, loaded.coefficients, "neither", loaded.intercept, loaded.activation);
  return [{ name: "score", value }];
}
