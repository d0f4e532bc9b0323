//! Counts words, line by line: a handler of bytes that answers part by part, the same as in the other languages beside it.
//! Exported functions have the names of the generated bindings, which call them.

const host = @import("host.zig");
const handle = @import("handle.zig");

export fn exports_algohost_ml_metadata_describe(ret: *host.Text) void {
    ret.* = host.print("{s}", .{@embedFile("description.json")});
}

export fn exports_algohost_ml_stream_handler_load(_: *host.Failure) bool {
    return true;
}

export fn exports_algohost_ml_stream_handler_handle_stream(request: *host.Request, answer: host.Writer, err: *host.Failure) bool {
    defer host.drop(request.*);
    defer host.drop(answer);
    const body = request.body;
    return host.answer(handle.handle(if (body.len == 0) "" else body.ptr[0..body.len], answer), err);
}
