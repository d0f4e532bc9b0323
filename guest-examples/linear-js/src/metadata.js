/** What the algorithm is, and what a job can tell it: wit/README.md has the schema. */
const DESCRIPTION = {
  name: "linear",
  version: "0.1.0",
  summary: "A linear model of a number, or of the probability of class 1, by gradient descent",
  hyperparameters: [
    {
      name: "objective",
      kind: "categorical",
      choices: ["squared", "logistic"],
      default: "squared",
      help: "What the label is: a number, or class 0 or 1",
    },
    { name: "steps", kind: "integer", min: 1, max: 100000, default: 200, help: "Passes over the rows" },
    { name: "learning_rate", kind: "continuous", exclusive_min: 0, max: 100, default: 0.2, tunable: true, help: "Length of a step" },
    { name: "l2", kind: "continuous", min: 0, max: 1000, default: 0.001, tunable: true, help: "Penalty on squared weights" },
  ],
  channels: [
    { name: "train", required: true, content_types: ["text/csv"], input_modes: ["File", "FastFile"], help: "Label first, then features" },
  ],
  metrics: [{ name: "train_loss", goal: "minimize", help: "Mean loss of a row, without the penalty" }],
  inference: {
    content_types: ["text/csv", "application/json"],
    accept: ["application/json", "text/csv"],
    outputs: [{ name: "score", help: "The number, or the probability of class 1" }],
  },
};

export function describe() {
  return JSON.stringify(DESCRIPTION);
}
