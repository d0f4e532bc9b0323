/** What the component exports: an object for each interface of the world `algorithm`, of the type that its WIT gives it. */

import { describe } from "./metadata.ts";
import { load, predict } from "./predict.ts";
import { train } from "./train.ts";

export const metadata: typeof import("algohost:ml/metadata@0.1.0") = { describe };
export const predictor: typeof import("algohost:ml/predictor@0.1.0") = { load, predict };
export const trainer: typeof import("algohost:ml/trainer@0.1.0") = { train };
