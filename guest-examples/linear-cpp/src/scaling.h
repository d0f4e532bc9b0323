#pragma once

#include "host.h"

/// Of a model's weights, for features as they come.
struct Unscaled {
    Tensor coefficients; // columns x 1
    Tensor intercept;    // 1 x 1
};

/// The columns' means and deviations.
class Scaling {
  public:
    static Result<Scaling> of(const Tensor &features);

    /// Columns of mean 0 and deviation 1, in place.
    Result<void> apply(const Tensor &features) const;

    /// From weights of scaled features, the intercept in the last row.
    Result<Unscaled> undo(const Tensor &weights) const;

  private:
    Scaling(Tensor &&mean, Tensor &&deviation) : mean(std::move(mean)), deviation(std::move(deviation)) {}

    Tensor mean;      // 1 x columns
    Tensor deviation; // 1 x columns
};
