#pragma once

#include "host.h"

/// Gradient descent with momentum: the weights of scaled features, the intercept in the last row.
Result<Tensor> descend(const host::losses::Loss &loss, const Tensor &features, const Tensor &labels);
