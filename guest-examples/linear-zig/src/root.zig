//! A linear model as an algohost component: the same algorithm as in the other languages beside it. Exported functions have the
//! names of the generated bindings, which call them.

const host = @import("host.zig");
const predict = @import("predict.zig");
const train = @import("train.zig");

export fn exports_algohost_ml_metadata_describe(ret: *host.Text) void {
    ret.* = host.print("{s}", .{@embedFile("description.json")});
}

export fn exports_algohost_ml_trainer_train(err: *host.Failure) bool {
    return host.answer(train.train(), err);
}

export fn exports_algohost_ml_predictor_load(err: *host.Failure) bool {
    return host.answer(predict.load(), err);
}

export fn exports_algohost_ml_predictor_predict(features: host.Tensor, ret: *predict.Outputs, err: *host.Failure) bool {
    defer host.drop(features);
    const outputs = predict.predict(features);
    if (outputs) |given| ret.* = given else |_| {}
    return host.answer(outputs, err);
}
