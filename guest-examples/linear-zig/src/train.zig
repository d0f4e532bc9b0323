//! Gradient descent with momentum over all rows; each step is three host calls, and no array leaves the host.

const std = @import("std");
const host = @import("host.zig");
const Scaling = @import("Scaling.zig");
const c = host.c;
const call = host.call;
const drop = host.drop;
const Error = host.Error;
const Tensor = host.Tensor;

/// How much of the last step is gone again.
const momentum = 0.9;
/// Steps between two values of the metric.
const told_every = 10;

pub fn train() Error!void {
    const objective = try call("job_text", .{"objective"});
    defer drop(objective);
    const logistic = std.mem.eql(u8, host.slice(objective), "logistic");
    const rows = try readRows();
    defer drop(rows);
    if (!rows.labels.is_some) return host.fail(error.InvalidInput, "channel train has no labels", .{});
    const features = rows.features;
    const labels = rows.labels.val;
    if (logistic) try requireClasses(labels);
    const scaling: Scaling = try .of(features);
    defer scaling.deinit();
    try scaling.apply(features);
    const weights = try descend(logistic, features, labels);
    defer drop(weights);
    const coefficients, const intercept = try scaling.undo(weights);
    defer drop(coefficients);
    defer drop(intercept);
    try save(host.slice(objective), coefficients, intercept);
}

fn readRows() Error!host.Batch {
    const reader = try call("data_open_channel", .{"train"});
    defer drop(reader);
    return call("data_method_reader_read_all", .{reader});
}

fn requireClasses(labels: Tensor) Error!void {
    const check = try call("formulas_compile", .{ "y", "y != 0 and y != 1" });
    defer drop(check);
    const others = try call("formulas_method_formula_reduce_all", .{ check, c.ALGOHOST_ML_FORMULAS_REDUCTION_ANY, &[_]Tensor{labels} });
    if (others != 0) return host.fail(error.InvalidInput, "labels of objective logistic must be 0 or 1", .{});
}

/// The weights of scaled features, the intercept in the last row.
fn descend(logistic: bool, features: Tensor, labels: Tensor) Error!Tensor {
    const rows = host.length(features, 0);
    const columns = host.length(features, 1);
    const loss: c.algohost_ml_losses_loss_t = .{
        .tag = if (logistic) c.ALGOHOST_ML_LOSSES_LOSS_LOGISTIC else c.ALGOHOST_ML_LOSSES_LOSS_SQUARED,
    };
    const steps: u32 = @max(0, try call("job_integer", .{"steps"}));
    const weights = try column(columns + 1);
    errdefer drop(weights);
    const gradient = try column(columns + 1);
    defer drop(gradient);
    const velocity = try column(columns + 1);
    defer drop(velocity);
    const penalty = try column(columns + 1);
    defer drop(penalty);
    try fillPenalty(penalty, columns);
    const change = try compileChange(penalty, rows);
    defer drop(change);
    const step = try call("formulas_compile", .{ "w v", "w + v" });
    defer drop(step);
    for (0..steps) |index| {
        const at: u32 = @intCast(index);
        const total = try call("losses_loss_and_gradient", .{ loss, features, labels, null, weights, gradient });
        if (!std.math.isFinite(total)) {
            const what = if (std.math.isNan(total)) "NaN" else if (total > 0) "inf" else "-inf";
            return host.fail(error.InvalidInput, "the loss is {s} at step {d}: a lower learning_rate, or rows without a number", .{ what, at });
        }
        if (at % told_every == 0 or at + 1 == steps) {
            call("job_metric", .{ "train_loss", total / @as(f64, rows), at });
            call("job_progress", .{ @as(f64, at + 1), @as(f64, steps) });
        }
        if (call("job_should_stop", .{})) break;
        try call("formulas_method_formula_apply_into", .{ change, velocity, &[_]Tensor{ velocity, gradient, weights } });
        try call("formulas_method_formula_apply_into", .{ step, weights, &[_]Tensor{ weights, velocity } });
    }
    return weights;
}

/// A column of zeros for each of the weights.
fn column(rows: u32) Error!Tensor {
    return call("tensors_zeros", .{ &[_]u32{ rows, 1 }, c.ALGOHOST_ML_TENSORS_DTYPE_FLOAT64 });
}

/// The penalty of each weight; the intercept, in the last row, has none.
fn fillPenalty(penalty: Tensor, columns: u32) Error!void {
    try call("tensors_method_tensor_fill", .{ penalty, try call("job_number", .{"l2"}) });
    const last = try call("tensors_method_tensor_slice", .{ penalty, 0, columns, columns + 1 });
    defer drop(last);
    try call("tensors_method_tensor_fill", .{ last, 0 });
}

/// The formula of a step's change: of the velocity, the gradient and the weights.
fn compileChange(penalty: Tensor, rows: u32) Error!host.Formula {
    const change = try call("formulas_compile", .{ "v g w penalty momentum rate n", "momentum * v - rate * (g / n + penalty * w)" });
    errdefer drop(change);
    try call("formulas_method_formula_bind", .{ change, "penalty", penalty });
    try call("formulas_method_formula_bind_scalar", .{ change, "momentum", momentum });
    try call("formulas_method_formula_bind_scalar", .{ change, "rate", try call("job_number", .{"learning_rate"}) });
    try call("formulas_method_formula_bind_scalar", .{ change, "n", @as(f64, rows) });
    return change;
}

fn save(objective: []const u8, coefficients: Tensor, intercept: Tensor) Error!void {
    const model = try call("artifacts_create_archive", .{host.model});
    defer drop(model);
    try call("artifacts_method_writer_add", .{ model, "coefficients", coefficients });
    try call("artifacts_method_writer_add", .{ model, "intercept", intercept });
    const metadata = host.print("{{\"objective\":\"{s}\"}}", .{objective});
    defer drop(metadata);
    try call("artifacts_method_writer_finish", .{ model, metadata });
}
