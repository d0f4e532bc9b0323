//! Scores of rows: one host call a request.

#include <string.h>

#include "host.h"
#include "model.h"

/// What `load` finds and every `predict` uses. It lives as long as the instance, so that nothing frees it.
static struct {
    Tensor coefficients, intercept;
    algohost_ml_linalg_activation_t activation;
} model;

static bool is_logistic(Archive archive) {
    OWNED(Text) metadata = {};
    algohost_ml_artifacts_method_archive_metadata(REF(archive), &metadata);
    return memmem(metadata.ptr, metadata.len, "logistic", strlen("logistic")) != nullptr;
}

bool exports_algohost_ml_predictor_load(Error *err) {
    OWNED(Archive) archive = {};
    OWNED(Tensor) coefficients = {};
    OWNED(Tensor) intercept = {};
    TRY(algohost_ml_artifacts_open_archive(TEXT(MODEL), &archive, err));
    model.activation =
        is_logistic(archive) ? ALGOHOST_ML_LINALG_ACTIVATION_SIGMOID : ALGOHOST_ML_LINALG_ACTIVATION_IDENTITY;
    TRY(algohost_ml_artifacts_method_archive_get(REF(archive), TEXT("coefficients"), &coefficients, err));
    TRY(algohost_ml_artifacts_method_archive_get(REF(archive), TEXT("intercept"), &intercept, err));
    TRY(algohost_ml_tensors_method_tensor_reshape(REF(intercept), LENGTHS(1), &model.intercept, err));
    model.coefficients = take(&coefficients);
    return true;
}

static void answer(Tensor score, exports_algohost_ml_predictor_list_output_t *ret) {
    // The caller frees the list and the name, so that both are from the heap.
    exports_algohost_ml_predictor_output_t *output = malloc(sizeof *output);
    if (output == nullptr)
        abort();
    output->name = print("score");
    output->value = score;
    *ret = (exports_algohost_ml_predictor_list_output_t){output, 1};
}

bool exports_algohost_ml_predictor_predict(Tensor features, exports_algohost_ml_predictor_list_output_t *ret,
                                           Error *err) {
    OWNED(Tensor) rows = features;
    if (model.coefficients.__handle == 0)
        return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_BAD_MODEL, "no model is loaded");
    uint32_t found = length_of(rows, 1), wanted = length_of(model.coefficients, 0);
    if (found != wanted)
        return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT, "rows have %u features, the model has %u", found,
                    wanted);
    algohost_ml_linalg_borrow_tensor_t bias = REF(model.intercept);
    Tensor score = {};
    TRY(algohost_ml_linalg_affine(REF(rows), REF(model.coefficients), ALGOHOST_ML_LINALG_TRANSPOSED_NEITHER, &bias,
                                  model.activation, &score, err));
    answer(score, ret);
    return true;
}
