#include "scaling.h"

using host::formulas::Compile;
using host::formulas::Reduction;

Result<Scaling> Scaling::of(const Tensor &features) {
    constexpr std::array rows{0u};
    auto mean = TRY(host::formulas::Reduce(features, Reduction::kMean, rows, true));
    auto variance = TRY(host::formulas::Reduce(features, Reduction::kVariance, rows, true));
    // A column that is always the same says nothing, whatever its deviation.
    auto deviation = TRY(TRY(Compile("v", "where(v > 0, sqrt(v), 1)")).Apply(list(variance)));
    return Scaling(std::move(mean), std::move(deviation));
}

Result<void> Scaling::apply(const Tensor &features) const {
    return TRY(Compile("x mean deviation", "(x - mean) / deviation"))
        .ApplyInto(features, list(features, mean, deviation));
}

Result<Unscaled> Scaling::undo(const Tensor &weights) const {
    auto columns = weights.Shape()[0] - 1;
    auto scaled = TRY(weights.Slice(0, 0, columns));
    auto last = TRY(weights.Slice(0, columns, columns + 1));
    auto means = TRY(mean.Transpose());
    auto deviations = TRY(deviation.Transpose());
    auto coefficients = TRY(
        TRY(Compile("w deviation", "w / deviation")).ApplyAs(host::tensors::Dtype::kFloat32, list(scaled, deviations)));
    auto moved = TRY(TRY(Compile("w mean deviation", "w * mean / deviation"))
                         .ReduceAll(Reduction::kSum, list(scaled, means, deviations)));
    auto intercept =
        TRY(host::tensors::Full(std::array{1u, 1u}, host::tensors::Dtype::kFloat32, TRY(last.Item()) - moved));
    return Unscaled{std::move(coefficients), std::move(intercept)};
}
