/** What the component exports: one module for each interface of the world `algorithm`. */

export * as metadata from "./metadata.js";
export * as predictor from "./predict.js";
export * as trainer from "./train.js";
