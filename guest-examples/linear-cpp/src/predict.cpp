/// Scores of rows: one host call a request.

#include <optional>
#include <string>

#include "host.h"
#include "model.h"

using guest::predictor::Output;
using host::linalg::Activation;

namespace {

struct Model {
    Tensor coefficients; // columns x 1
    Tensor intercept;    // 1
    Activation activation;
};

std::optional<Model> loaded;

wit::vector<Output> one_output(std::string_view name, Tensor &&value) {
    auto outputs = wit::vector<Output>::allocate(1);
    outputs.initialize(0, Output{wit::string::from_view(name), std::move(value)});
    return outputs;
}

} // namespace

Result<void> guest::predictor::Load() {
    auto archive = TRY(host::artifacts::OpenArchive(model_file));
    bool is_logistic = archive.Metadata().get_view().contains(logistic);
    auto coefficients = TRY(archive.Get("coefficients"));
    auto intercept = TRY(TRY(archive.Get("intercept")).Reshape(std::array{1u}));
    loaded.emplace(std::move(coefficients), std::move(intercept),
                   is_logistic ? Activation::kSigmoid : Activation::kIdentity);
    return {};
}

Result<wit::vector<Output>> guest::predictor::Predict(Tensor &&features) {
    if (!loaded)
        return fail(ErrorCode::kBadModel, "no model is loaded");
    auto found = features.Shape()[1], wanted = loaded->coefficients.Shape()[0];
    if (found != wanted)
        return fail(ErrorCode::kInvalidInput,
                    "rows have " + std::to_string(found) + " features, the model has " + std::to_string(wanted));
    return one_output("score",
                      TRY(host::linalg::Affine(features, loaded->coefficients, host::linalg::Transposed::kNeither,
                                               std::cref(loaded->intercept), loaded->activation)));
}
