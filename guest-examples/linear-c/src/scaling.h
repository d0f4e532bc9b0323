#pragma once

#include "host.h"

/// The columns' means and deviations, 1 x columns.
typedef struct {
    Tensor mean, deviation;
} Scaling;

[[maybe_unused]] static void drop_Scaling(Scaling *owned) {
    drop_Tensor(&owned->mean);
    drop_Tensor(&owned->deviation);
}

bool scaling_of(Tensor features, Scaling *ret, Error *err);

/// Makes columns of mean 0 and deviation 1, in place.
bool scaling_apply(Scaling scaling, Tensor features, Error *err);

/// Coefficients (columns x 1) and intercept (1 x 1) for features as they come.
bool scaling_undo(Scaling scaling, Tensor weights, Tensor *coefficients, Tensor *intercept, Error *err);
