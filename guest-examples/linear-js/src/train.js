/** Gradient descent with momentum over all rows; each step is three host calls, and no array leaves the host. */

import { createArchive } from "algohost:ml/artifacts@0.1.0";
import { openChannel } from "algohost:ml/data@0.1.0";
import { compile } from "algohost:ml/formulas@0.1.0";
import * as job from "algohost:ml/job@0.1.0";
import { lossAndGradient } from "algohost:ml/losses@0.1.0";
import { zeros } from "algohost:ml/tensors@0.1.0";
import { AlgorithmError } from "./error.js";
import { Scaling } from "./scaling.js";

/** How much of the last step is gone again. */
const MOMENTUM = 0.9;
/** Steps between two values of the metric. */
const TOLD_EVERY = 10;

export function train() {
  const objective = job.text("objective");
  using reader = openChannel("train");
  const batch = reader.readAll();
  using features = batch.features;
  using labels = batch.labels;
  using _weights = batch.weights; // none in this format, but what a call gives is freed
  if (!labels) throw new AlgorithmError("invalid-input", "channel train has no labels");
  requireClasses(objective, labels);
  using scaling = new Scaling(features);
  scaling.apply(features);
  using weights = descend(objective, features, labels);
  save(objective, scaling.undo(weights));
}

function requireClasses(objective, labels) {
  if (objective !== "logistic") return;
  using other = compile("y", "y != 0 and y != 1");
  if (other.reduceAll("any", [labels]) !== 0) {
    throw new AlgorithmError("invalid-input", "labels of objective logistic must be 0 or 1");
  }
}

/** The weights of scaled features, the intercept in the last row. */
function descend(objective, features, labels) {
  const [rows, columns] = features.shape();
  const loss = { tag: objective }; // the losses have the same names
  const steps = job.integer("steps");
  const column = () => zeros([columns + 1, 1], "float64");
  const weights = column();
  using gradient = column();
  using velocity = column();
  using penalty = column();
  // The intercept has no penalty.
  penalty.fill(job.number("l2"));
  using intercept = penalty.slice(0, columns, columns + 1);
  intercept.fill(0);
  using change = compile("v g w penalty momentum rate n", "momentum * v - rate * (g / n + penalty * w)");
  change.bind("penalty", penalty);
  change.bindScalar("momentum", MOMENTUM);
  change.bindScalar("rate", job.number("learning_rate"));
  change.bindScalar("n", rows);
  using step = compile("w v", "w + v");
  for (let at = 0; at < steps; at++) {
    const total = lossAndGradient(loss, features, labels, null, weights, gradient);
    requireFinite(total, at);
    if (at % TOLD_EVERY === 0 || at + 1 === steps) {
      job.metric("train_loss", total / rows, at);
      job.progress(at + 1, steps);
    }
    if (job.shouldStop()) break;
    change.applyInto(velocity, [velocity, gradient, weights]);
    step.applyInto(weights, [weights, velocity]);
  }
  return weights;
}

function requireFinite(total, at) {
  if (Number.isFinite(total)) return;
  const shown = Number.isNaN(total) ? "NaN" : "inf";
  throw new AlgorithmError("invalid-input", `the loss is ${shown} at step ${at}: a lower learning_rate, or rows without a number`);
}

function save(objective, line) {
  using coefficients = line.coefficients;
  using intercept = line.intercept;
  using model = createArchive("model.safetensors");
  model.add("coefficients", coefficients);
  model.add("intercept", intercept);
  model.finish(JSON.stringify({ objective }));
}
