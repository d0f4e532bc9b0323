#include "scaling.h"

bool scaling_of(Tensor features, Scaling *ret, Error *err) {
    OWNED(Tensor) variance = {};
    OWNED(Formula) root = {};
    TRY(algohost_ml_formulas_reduce(REF(features), ALGOHOST_ML_FORMULAS_REDUCTION_MEAN, AXES(0), true, &ret->mean,
                                    err));
    TRY(algohost_ml_formulas_reduce(REF(features), ALGOHOST_ML_FORMULAS_REDUCTION_VARIANCE, AXES(0), true, &variance,
                                    err));
    // A column that is always the same says nothing, whatever its deviation.
    TRY(algohost_ml_formulas_compile(TEXT("v"), TEXT("where(v > 0, sqrt(v), 1)"), &root, err));
    return algohost_ml_formulas_method_formula_apply(REF(root), INPUTS(REF(variance)), &ret->deviation, err);
}

bool scaling_apply(Scaling scaling, Tensor features, Error *err) {
    OWNED(Formula) formula = {};
    TRY(algohost_ml_formulas_compile(TEXT("x mean deviation"), TEXT("(x - mean) / deviation"), &formula, err));
    return algohost_ml_formulas_method_formula_apply_into(
        REF(formula), REF(features), INPUTS(REF(features), REF(scaling.mean), REF(scaling.deviation)), err);
}

bool scaling_undo(Scaling scaling, Tensor weights, Tensor *coefficients, Tensor *intercept, Error *err) {
    OWNED(Tensor) scaled = {};
    OWNED(Tensor) last = {};
    OWNED(Tensor) mean = {};
    OWNED(Tensor) deviation = {};
    OWNED(Formula) divide = {};
    OWNED(Formula) move = {};
    double moved = 0, constant = 0;
    uint32_t columns = length_of(weights, 0) - 1;
    TRY(algohost_ml_tensors_method_tensor_slice(REF(weights), 0, 0, columns, &scaled, err));
    TRY(algohost_ml_tensors_method_tensor_slice(REF(weights), 0, columns, columns + 1, &last, err));
    TRY(algohost_ml_tensors_method_tensor_transpose(REF(scaling.mean), &mean, err));
    TRY(algohost_ml_tensors_method_tensor_transpose(REF(scaling.deviation), &deviation, err));
    TRY(algohost_ml_formulas_compile(TEXT("w deviation"), TEXT("w / deviation"), &divide, err));
    TRY(algohost_ml_formulas_method_formula_apply_as(REF(divide), ALGOHOST_ML_TENSORS_DTYPE_FLOAT32,
                                                     INPUTS(REF(scaled), REF(deviation)), coefficients, err));
    TRY(algohost_ml_formulas_compile(TEXT("w mean deviation"), TEXT("w * mean / deviation"), &move, err));
    TRY(algohost_ml_formulas_method_formula_reduce_all(REF(move), ALGOHOST_ML_FORMULAS_REDUCTION_SUM,
                                                       INPUTS(REF(scaled), REF(mean), REF(deviation)), &moved, err));
    TRY(algohost_ml_tensors_method_tensor_item(REF(last), &constant, err));
    return algohost_ml_tensors_full(LENGTHS(1, 1), ALGOHOST_ML_TENSORS_DTYPE_FLOAT32, constant - moved, intercept, err);
}
