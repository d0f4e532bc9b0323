//! The columns' means and deviations, 1 x columns.

const host = @import("host.zig");
const c = host.c;
const call = host.call;
const drop = host.drop;
const Error = host.Error;
const Tensor = host.Tensor;

const Scaling = @This();

mean: Tensor,
deviation: Tensor,

pub fn of(features: Tensor) Error!Scaling {
    const mean = try call("formulas_reduce", .{ features, c.ALGOHOST_ML_FORMULAS_REDUCTION_MEAN, &[_]u32{0}, true });
    errdefer drop(mean);
    const variance = try call("formulas_reduce", .{ features, c.ALGOHOST_ML_FORMULAS_REDUCTION_VARIANCE, &[_]u32{0}, true });
    defer drop(variance);
    // A column that is always the same says nothing, whatever its deviation.
    const root = try call("formulas_compile", .{ "v", "where(v > 0, sqrt(v), 1)" });
    defer drop(root);
    return .{ .mean = mean, .deviation = try call("formulas_method_formula_apply", .{ root, &[_]Tensor{variance} }) };
}

pub fn deinit(scaling: Scaling) void {
    drop(scaling.mean);
    drop(scaling.deviation);
}

/// Columns of mean 0 and deviation 1, in place.
pub fn apply(scaling: Scaling, features: Tensor) Error!void {
    const formula = try call("formulas_compile", .{ "x mean deviation", "(x - mean) / deviation" });
    defer drop(formula);
    try call("formulas_method_formula_apply_into", .{ formula, features, &[_]Tensor{ features, scaling.mean, scaling.deviation } });
}

/// Coefficients (columns x 1) and intercept (1 x 1) for features as they come.
pub fn undo(scaling: Scaling, weights: Tensor) Error!struct { Tensor, Tensor } {
    const columns = host.length(weights, 0) - 1;
    const scaled = try call("tensors_method_tensor_slice", .{ weights, 0, 0, columns });
    defer drop(scaled);
    const last = try call("tensors_method_tensor_slice", .{ weights, 0, columns, columns + 1 });
    defer drop(last);
    const mean = try call("tensors_method_tensor_transpose", .{scaling.mean});
    defer drop(mean);
    const deviation = try call("tensors_method_tensor_transpose", .{scaling.deviation});
    defer drop(deviation);
    const divide = try call("formulas_compile", .{ "w deviation", "w / deviation" });
    defer drop(divide);
    const coefficients = try call("formulas_method_formula_apply_as", .{
        divide, c.ALGOHOST_ML_TENSORS_DTYPE_FLOAT32, &[_]Tensor{ scaled, deviation },
    });
    errdefer drop(coefficients);
    const move = try call("formulas_compile", .{ "w mean deviation", "w * mean / deviation" });
    defer drop(move);
    const moved = try call("formulas_method_formula_reduce_all", .{
        move, c.ALGOHOST_ML_FORMULAS_REDUCTION_SUM, &[_]Tensor{ scaled, mean, deviation },
    });
    const constant = try call("tensors_method_tensor_item", .{last});
    const intercept = try call("tensors_full", .{ &[_]u32{ 1, 1 }, c.ALGOHOST_ML_TENSORS_DTYPE_FLOAT32, constant - moved });
    return .{ coefficients, intercept };
}
