//! Gradient descent with momentum over all rows; each step is three host calls, and no array leaves the host.

#include <math.h>

#include "host.h"
#include "model.h"
#include "scaling.h"

/// How much of the last step is gone again.
static const double MOMENTUM = 0.9;
/// Steps between two values of the metric.
static const uint32_t TOLD_EVERY = 10;

static bool read_rows(Batch *ret, Error *err);
static bool require_classes(Tensor labels, Error *err);
static bool descend(bool logistic, Tensor features, Tensor labels, Tensor *ret, Error *err);
static bool save(Text objective, Tensor coefficients, Tensor intercept, Error *err);

bool exports_algohost_ml_trainer_train(Error *err) {
    OWNED(Text) objective = {};
    OWNED(Batch) rows = {};
    OWNED(Scaling) scaling = {};
    OWNED(Tensor) weights = {};
    OWNED(Tensor) coefficients = {};
    OWNED(Tensor) intercept = {};
    TRY(algohost_ml_job_text(TEXT("objective"), &objective, err));
    bool logistic = equals(objective, "logistic");
    TRY(read_rows(&rows, err));
    Tensor features = rows.features, labels = rows.labels.val;
    if (logistic)
        TRY(require_classes(labels, err));
    TRY(scaling_of(features, &scaling, err));
    TRY(scaling_apply(scaling, features, err));
    TRY(descend(logistic, features, labels, &weights, err));
    TRY(scaling_undo(scaling, weights, &coefficients, &intercept, err));
    return save(objective, coefficients, intercept, err);
}

static bool read_rows(Batch *ret, Error *err) {
    OWNED(Reader) reader = {};
    TRY(algohost_ml_data_open_channel(TEXT("train"), &reader, err));
    TRY(algohost_ml_data_method_reader_read_all(REF(reader), ret, err));
    if (!ret->labels.is_some)
        return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT, "channel train has no labels");
    return true;
}

static bool require_classes(Tensor labels, Error *err) {
    OWNED(Formula) check = {};
    double others = 0;
    TRY(algohost_ml_formulas_compile(TEXT("y"), TEXT("y != 0 and y != 1"), &check, err));
    TRY(algohost_ml_formulas_method_formula_reduce_all(REF(check), ALGOHOST_ML_FORMULAS_REDUCTION_ANY,
                                                       INPUTS(REF(labels)), &others, err));
    if (others != 0)
        return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT, "labels of objective logistic must be 0 or 1");
    return true;
}

/// A column of zeros for each of the weights.
static bool column(uint32_t length, Tensor *ret, Error *err) {
    return algohost_ml_tensors_zeros(LENGTHS(length, 1), ALGOHOST_ML_TENSORS_DTYPE_FLOAT64, ret, err);
}

/// The penalty of each weight; the intercept, in the last row, has none.
static bool fill_penalty(Tensor penalty, uint32_t columns, Error *err) {
    OWNED(Tensor) last = {};
    double l2 = 0;
    TRY(algohost_ml_job_number(TEXT("l2"), &l2, err));
    TRY(algohost_ml_tensors_method_tensor_fill(REF(penalty), l2, err));
    TRY(algohost_ml_tensors_method_tensor_slice(REF(penalty), 0, columns, columns + 1, &last, err));
    return algohost_ml_tensors_method_tensor_fill(REF(last), 0, err);
}

/// The formula of a step's change: of the velocity, the gradient and the weights.
static bool compile_change(Tensor penalty, uint32_t rows, Formula *ret, Error *err) {
    double rate = 0;
    TRY(algohost_ml_formulas_compile(TEXT("v g w penalty momentum rate n"),
                                     TEXT("momentum * v - rate * (g / n + penalty * w)"), ret, err));
    TRY(algohost_ml_formulas_method_formula_bind(REF(*ret), TEXT("penalty"), REF(penalty), err));
    TRY(algohost_ml_formulas_method_formula_bind_scalar(REF(*ret), TEXT("momentum"), MOMENTUM, err));
    TRY(algohost_ml_job_number(TEXT("learning_rate"), &rate, err));
    TRY(algohost_ml_formulas_method_formula_bind_scalar(REF(*ret), TEXT("rate"), rate, err));
    return algohost_ml_formulas_method_formula_bind_scalar(REF(*ret), TEXT("n"), rows, err);
}

static const char *spelled(double not_finite) {
    return isnan(not_finite) ? "NaN" : not_finite > 0 ? "inf" : "-inf";
}

/// The weights of scaled features, the intercept in the last row.
static bool descend(bool logistic, Tensor features, Tensor labels, Tensor *ret, Error *err) {
    OWNED(Tensor) weights = {};
    OWNED(Tensor) gradient = {};
    OWNED(Tensor) velocity = {};
    OWNED(Tensor) penalty = {};
    OWNED(Formula) change = {};
    OWNED(Formula) step = {};
    uint32_t rows = length_of(features, 0), columns = length_of(features, 1);
    algohost_ml_losses_loss_t loss = {.tag = logistic ? ALGOHOST_ML_LOSSES_LOSS_LOGISTIC
                                                      : ALGOHOST_ML_LOSSES_LOSS_SQUARED};
    int32_t wanted = 0;
    TRY(algohost_ml_job_integer(TEXT("steps"), &wanted, err));
    uint32_t steps = wanted > 0 ? (uint32_t)wanted : 0;
    TRY(column(columns + 1, &weights, err));
    TRY(column(columns + 1, &gradient, err));
    TRY(column(columns + 1, &velocity, err));
    TRY(column(columns + 1, &penalty, err));
    TRY(fill_penalty(penalty, columns, err));
    TRY(compile_change(penalty, rows, &change, err));
    TRY(algohost_ml_formulas_compile(TEXT("w v"), TEXT("w + v"), &step, err));
    for (uint32_t at = 0; at < steps; at++) {
        double total = 0;
        TRY(algohost_ml_losses_loss_and_gradient(&loss, REF(features), REF(labels), nullptr, REF(weights),
                                                 REF(gradient), &total, err));
        if (!isfinite(total))
            return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT,
                        "the loss is %s at step %u: a lower learning_rate, or rows without a number", spelled(total),
                        at);
        if (at % TOLD_EVERY == 0 || at + 1 == steps) {
            algohost_ml_job_metric(TEXT("train_loss"), total / rows, at);
            algohost_ml_job_progress(at + 1, steps);
        }
        if (algohost_ml_job_should_stop())
            break;
        TRY(algohost_ml_formulas_method_formula_apply_into(REF(change), REF(velocity),
                                                           INPUTS(REF(velocity), REF(gradient), REF(weights)), err));
        TRY(algohost_ml_formulas_method_formula_apply_into(REF(step), REF(weights), INPUTS(REF(weights), REF(velocity)),
                                                           err));
    }
    *ret = take(&weights);
    return true;
}

static bool save(Text objective, Tensor coefficients, Tensor intercept, Error *err) {
    OWNED(Writer) model = {};
    OWNED(Text) metadata = print("{\"objective\":\"%.*s\"}", (int)objective.len, (const char *)objective.ptr);
    TRY(algohost_ml_artifacts_create_archive(TEXT(MODEL), &model, err));
    TRY(algohost_ml_artifacts_method_writer_add(REF(model), TEXT("coefficients"), REF(coefficients), err));
    TRY(algohost_ml_artifacts_method_writer_add(REF(model), TEXT("intercept"), REF(intercept), err));
    return algohost_ml_artifacts_method_writer_finish(REF(model), &metadata, err);
}
