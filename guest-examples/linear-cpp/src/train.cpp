/// Reads the channel, descends and writes the model.

#include <string>

#include "descend.h"
#include "host.h"
#include "model.h"
#include "scaling.h"

using host::losses::Loss;

namespace {

Result<void> require_classes(const Tensor &labels) {
    auto is_other = TRY(host::formulas::Compile("y", "y != 0 and y != 1"));
    if (TRY(is_other.ReduceAll(host::formulas::Reduction::kAny, list(labels))) != 0)
        return fail(ErrorCode::kInvalidInput, "labels of objective logistic must be 0 or 1");
    return {};
}

Result<void> save(std::string_view objective, const Unscaled &weights) {
    auto model = TRY(host::artifacts::CreateArchive(model_file));
    TRY(model.Add("coefficients", weights.coefficients));
    TRY(model.Add("intercept", weights.intercept));
    return model.Finish(R"({"objective":")" + std::string(objective) + R"("})");
}

} // namespace

Result<void> guest::trainer::Train() {
    auto text = TRY(host::job::Text("objective"));
    auto objective = text.get_view();
    auto [features, labels, weights] = TRY(TRY(host::data::OpenChannel("train")).ReadAll());
    if (!labels)
        return fail(ErrorCode::kInvalidInput, "channel train has no labels");
    if (objective == logistic)
        TRY(require_classes(*labels));
    auto scaling = TRY(Scaling::of(features));
    TRY(scaling.apply(features));
    auto loss = objective == logistic ? Loss{Loss::Logistic{}} : Loss{Loss::Squared{}};
    return save(objective, TRY(scaling.undo(TRY(descend(loss, features, *labels)))));
}
