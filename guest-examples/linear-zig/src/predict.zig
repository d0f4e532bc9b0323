//! Scores of rows: one host call a request.

const std = @import("std");
const host = @import("host.zig");
const c = host.c;
const call = host.call;

pub const Outputs = c.exports_algohost_ml_predictor_list_output_t;
const Output = c.exports_algohost_ml_predictor_output_t;

const Model = struct {
    coefficients: host.Tensor,
    intercept: host.Tensor,
    activation: c.algohost_ml_linalg_activation_t,
};

/// What `load` finds and every `predict` uses. It lives as long as the instance, so that nothing drops it.
var loaded: ?Model = null;

pub fn load() host.Error!void {
    const archive = try call("artifacts_open_archive", .{host.model});
    defer host.drop(archive);
    const metadata = call("artifacts_method_archive_metadata", .{archive});
    defer host.drop(metadata);
    const logistic = std.mem.indexOf(u8, host.slice(metadata), "logistic") != null;
    const coefficients = try call("artifacts_method_archive_get", .{ archive, "coefficients" });
    errdefer host.drop(coefficients);
    const intercept = try call("artifacts_method_archive_get", .{ archive, "intercept" });
    defer host.drop(intercept);
    loaded = .{
        .coefficients = coefficients,
        .intercept = try call("tensors_method_tensor_reshape", .{ intercept, &[_]u32{1} }),
        .activation = if (logistic) c.ALGOHOST_ML_LINALG_ACTIVATION_SIGMOID else c.ALGOHOST_ML_LINALG_ACTIVATION_IDENTITY,
    };
}

pub fn predict(features: host.Tensor) host.Error!Outputs {
    const model = loaded orelse return host.fail(error.BadModel, "no model is loaded", .{});
    const found = host.length(features, 1);
    const wanted = host.length(model.coefficients, 0);
    if (found != wanted) return host.fail(error.InvalidInput, "rows have {d} features, the model has {d}", .{ found, wanted });
    const score = try call("linalg_affine", .{
        features, model.coefficients, c.ALGOHOST_ML_LINALG_TRANSPOSED_NEITHER, model.intercept, model.activation,
    });
    // The bindings free the list and the name.
    const output = host.allocator.create(Output) catch @panic("out of memory");
    output.* = .{ .name = host.print("score", .{}), .value = score };
    return .{ .ptr = output, .len = 1 };
}
