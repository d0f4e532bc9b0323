/** Columns of mean 0 and deviation 1, on which gradient descent takes few steps, and the way back. */

import { compile, reduce } from "algohost:ml/formulas@0.1.0";
import { full, type Tensor } from "algohost:ml/tensors@0.1.0";

/** What a model of features as they come is made of. */
export interface Line {
  /** columns x 1 */
  coefficients: Tensor;
  /** 1 x 1 */
  intercept: Tensor;
}

export class Scaling implements Disposable {
  /** The columns' means and deviations, 1 x columns. */
  private readonly mean: Tensor;
  private readonly deviation: Tensor;

  constructor(features: Tensor) {
    this.mean = reduce(features, "mean", [0], true);
    using variance = reduce(features, "variance", [0], true);
    // A column that is always the same says nothing, whatever its deviation.
    using root = compile("v", "where(v > 0, sqrt(v), 1)");
    this.deviation = root.apply([variance]);
  }

  /** Scales in place. */
  apply(features: Tensor): void {
    using scale = compile("x mean deviation", "(x - mean) / deviation");
    scale.applyInto(features, [features, this.mean, this.deviation]);
  }

  /** The same weights, for features that are not scaled. */
  undo(weights: Tensor): Line {
    const columns = weights.shape()[0] - 1;
    using scaled = weights.slice(0, 0, columns);
    using last = weights.slice(0, columns, columns + 1);
    using mean = this.mean.transpose();
    using deviation = this.deviation.transpose();
    using divide = compile("w deviation", "w / deviation");
    const coefficients = divide.applyAs("float32", [scaled, deviation]);
    using move = compile("w mean deviation", "w * mean / deviation");
    const moved = move.reduceAll("sum", [scaled, mean, deviation]);
    const intercept = full([1, 1], "float32", last.item() - moved);
    return { coefficients, intercept };
  }

  [Symbol.dispose](): void {
    this.mean[Symbol.dispose]();
    this.deviation[Symbol.dispose]();
  }
}
