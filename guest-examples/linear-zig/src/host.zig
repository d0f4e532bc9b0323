//! What makes the generated bindings pleasant to use. `call` takes Zig's values and gives Zig's errors; copy it into a project
//! of your own, and add to `drop` what else you own.

const std = @import("std");

/// The translated C header: types, constants, functions.
pub const c = @import("bindings");

/// An error as the interface has it: a code and a message.
pub const Failure = c.algohost_ml_types_error_t;
pub const Text = c.algorithm_string_t;
pub const Reader = c.algohost_ml_data_own_reader_t;
pub const Batch = c.algohost_ml_data_batch_t;
pub const Tensor = c.algohost_ml_tensors_own_tensor_t;
pub const Formula = c.algohost_ml_formulas_own_formula_t;
pub const Writer = c.algohost_ml_artifacts_own_writer_t;
pub const Archive = c.algohost_ml_artifacts_own_archive_t;

/// Where the model is, in the model directory.
pub const model = "model.safetensors";

/// The codes of the interface.
pub const Error = error{
    InvalidInput,
    UnsupportedMedia,
    BadModel,
    BadOperation,
    LimitExceeded,
    Interrupted,
    Io,
    NotFound,
    NotSupported,
    Denied,
    Internal,
};
/// Each at the place of its number.
const codes = [_]Error{
    error.InvalidInput,
    error.UnsupportedMedia,
    error.BadModel,
    error.BadOperation,
    error.LimitExceeded,
    error.Interrupted,
    error.Io,
    error.NotFound,
    error.NotSupported,
    error.Denied,
    error.Internal,
};

/// What the bindings free comes from here, and what they hand over goes back here.
pub const allocator = std.heap.c_allocator;

/// The message of the last error: an error of Zig has none.
var message: Text = .{};

/// Makes an error: `return fail(error.InvalidInput, "{d} rows are too few", .{rows});`
pub fn fail(code: Error, comptime format: []const u8, values: anytype) Error {
    drop(message);
    message = print(format, values);
    return code;
}

/// What an exported function returns.
pub fn answer(result: anytype, err: *Failure) bool {
    _ = result catch |code| {
        err.* = .{ .code = @intCast(std.mem.findScalar(Error, &codes, code).?), .message = message };
        message = .{};
        return false;
    };
    return true;
}

/// A text of one's own.
pub fn print(comptime format: []const u8, values: anytype) Text {
    const bytes = std.fmt.allocPrint(allocator, format, values) catch @panic("out of memory");
    return .{ .ptr = bytes.ptr, .len = bytes.len };
}

pub fn slice(text: Text) []const u8 {
    return if (text.len == 0) "" else text.ptr[0..text.len];
}

/// Drops a handle, or frees a text.
pub fn drop(owned: anytype) void {
    var one = owned;
    switch (@TypeOf(owned)) {
        Text => c.algorithm_string_free(&one),
        Reader => c.algohost_ml_data_reader_drop_own(one),
        Tensor => c.algohost_ml_tensors_tensor_drop_own(one),
        Formula => c.algohost_ml_formulas_formula_drop_own(one),
        Writer => c.algohost_ml_artifacts_writer_drop_own(one),
        Archive => c.algohost_ml_artifacts_archive_drop_own(one),
        // The generated algohost_ml_data_batch_free leaves the tensors.
        Batch => {
            drop(one.features);
            if (one.labels.is_some) drop(one.labels.val);
            if (one.weights.is_some) drop(one.weights.val);
        },
        else => |Other| @compileError("nothing to drop in " ++ @typeName(Other)),
    }
}

/// The length of one axis.
pub fn length(tensor: Tensor, axis: usize) u32 {
    var lengths = call("tensors_method_tensor_shape", .{tensor});
    defer c.algorithm_list_u32_free(&lengths);
    return lengths.ptr[axis];
}

/// Calls the host: `const sum = try call("formulas_compile", .{ "a b", "a + b" });`. Texts and lists are slices, handles are lent,
/// what may be missing is null. It returns what the function of C gives by a pointer; what that owns is yours to drop.
pub fn call(comptime name: []const u8, arguments: anytype) Returned(name, arguments.len) {
    const Shape = Signature(name, arguments.len);
    var lent: Shape.Lent = undefined;
    var all: Shape.Parameters = undefined;
    inline for (0..arguments.len) |at| {
        const Parameter = @TypeOf(all[at]);
        if (@typeInfo(Parameter) != .pointer) {
            all[at] = convert(Parameter, arguments[at]);
        } else if (@TypeOf(arguments[at]) == @TypeOf(null)) {
            all[at] = null;
        } else {
            lent[at] = convert(std.meta.Child(Parameter), arguments[at]);
            all[at] = &lent[at];
        }
    }
    var given: Shape.Given = undefined;
    if (Shape.gives) all[arguments.len] = &given;
    var err: Failure = undefined;
    if (Shape.fails) all[all.len - 1] = &err;
    const direct = @call(.auto, @field(c, "algohost_ml_" ++ name), all);
    if (Shape.fails and !direct) {
        drop(message);
        message = err.message;
        return codes[err.code];
    }
    return if (Shape.gives) given else if (Shape.fails) {} else direct;
}

fn Returned(comptime name: []const u8, comptime count: usize) type {
    const Shape = Signature(name, count);
    return if (Shape.fails) Error!Shape.Given else Shape.Given;
}

/// How a function is called with so many arguments: what it gives and its error are pointers behind them.
fn Signature(comptime name: []const u8, comptime count: usize) type {
    const Function = @TypeOf(@field(c, "algohost_ml_" ++ name));
    const All = std.meta.ArgsTuple(Function);
    const types = @typeInfo(All).@"struct".field_types;
    const failing = types.len > 0 and types[types.len - 1] == [*c]Failure;
    const behind = types.len - count - @intFromBool(failing);
    if (behind > 1) @compileError(name ++ " takes more arguments");
    var pointees: [count]type = undefined;
    for (&pointees, types[0..count]) |*pointee, T| pointee.* = if (@typeInfo(T) == .pointer) std.meta.Child(T) else void;
    const lent = pointees;
    return struct {
        const Parameters = All;
        const Lent = @Tuple(&lent);
        const fails = failing;
        const gives = behind == 1;
        const Given = if (gives) std.meta.Child(types[count]) else if (fails) void else @typeInfo(Function).@"fn".return_type.?;
    };
}

/// A value as C takes it.
fn convert(comptime To: type, value: anytype) To {
    if (@typeInfo(To) == .int) return @intCast(value); // the constants of enums are C's int
    if (@TypeOf(value) == To or @typeInfo(To) != .@"struct") return value;
    if (@hasField(To, "__handle")) return .{ .__handle = value.__handle };
    const Element = std.meta.Child(@FieldType(To, "ptr"));
    if (@typeInfo(Element) == .@"struct" and @hasField(Element, "__handle")) {
        const handles: []const Tensor = value;
        return .{ .ptr = @ptrCast(@constCast(handles.ptr)), .len = handles.len };
    }
    const elements: []const Element = value;
    return .{ .ptr = @constCast(elements.ptr), .len = elements.len };
}
