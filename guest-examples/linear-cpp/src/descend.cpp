/// Each step is three host calls, and no array leaves the host.

#include "descend.h"

#include <cmath>
#include <string>

using host::formulas::Compile;
using host::formulas::Formula;

namespace {

constexpr double momentum = 0.9;    // how much of the last step goes on
constexpr uint32_t told_every = 10; // steps between two values of the metric

Result<Tensor> zeros(uint32_t length) {
    return host::tensors::Zeros(std::array{length, 1u}, host::tensors::Dtype::kFloat64);
}

/// l2 for every weight but the intercept.
Result<Tensor> penalties(uint32_t length) {
    auto penalty = TRY(zeros(length));
    TRY(penalty.Fill(TRY(host::job::Number("l2"))));
    TRY(TRY(penalty.Slice(0, length - 1, length)).Fill(0));
    return penalty;
}

/// The next velocity, of velocity, gradient and weights; the rest is bound, and held by the formula.
Result<Formula> velocity_formula(uint32_t length, double rows) {
    auto penalty = TRY(penalties(length));
    auto formula = TRY(Compile("v g w penalty momentum rate n", "momentum * v - rate * (g / n + penalty * w)"));
    TRY(formula.Bind("penalty", penalty));
    TRY(formula.BindScalar("momentum", momentum));
    TRY(formula.BindScalar("rate", TRY(host::job::Number("learning_rate"))));
    TRY(formula.BindScalar("n", rows));
    return formula;
}

std::string not_finite(double value) {
    return std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
}

void tell(double loss, uint32_t at, uint32_t steps) {
    host::job::Metric("train_loss", loss, at);
    host::job::Progress(at + 1, steps);
}

} // namespace

Result<Tensor> descend(const host::losses::Loss &loss, const Tensor &features, const Tensor &labels) {
    auto shape = features.Shape();
    double rows = shape[0];
    auto length = shape[1] + 1;
    auto steps = static_cast<uint32_t>(TRY(host::job::Integer("steps")));
    auto weights = TRY(zeros(length));
    auto gradient = TRY(zeros(length));
    auto velocity = TRY(zeros(length));
    auto change = TRY(velocity_formula(length, rows));
    auto move = TRY(Compile("w v", "w + v"));
    for (uint32_t at = 0; at < steps; ++at) {
        auto total = TRY(host::losses::LossAndGradient(loss, features, labels, {}, weights, gradient));
        if (!std::isfinite(total))
            return fail(ErrorCode::kInvalidInput, "the loss is " + not_finite(total) + " at step " +
                                                      std::to_string(at) +
                                                      ": a lower learning_rate, or rows without a number");
        if (at % told_every == 0 || at + 1 == steps)
            tell(total / rows, at, steps);
        if (host::job::ShouldStop())
            break;
        TRY(change.ApplyInto(velocity, list(velocity, gradient, weights)));
        TRY(move.ApplyInto(weights, list(weights, velocity)));
    }
    return weights;
}
