//! Answers a text with one JSON object a line, and one of all: a client sees the first while the last is counted.

const std = @import("std");
const count = @import("count.zig");
const host = @import("host.zig");
const call = host.call;

const Header = host.c.streaming_handler_tuple2_string_string_t;
const content_type: Header = .{ .f0 = host.text("content-type"), .f1 = host.text("application/jsonlines") };

pub fn handle(body: []const u8, answer: host.Writer) host.Error!void {
    const valid = count.validLength(body);
    if (valid < body.len) return host.fail(error.InvalidInput, "the text is not UTF-8 from byte {d} on", .{valid});
    try call("streams_method_answer_writer_begin", .{ answer, 200, &[_]Header{content_type} });
    var lines: usize = 0;
    var all: count.Counted = .{};
    var rest = body;
    while (count.takeLine(&rest)) |line| {
        const counted = count.ofLine(line);
        lines += 1;
        all.words += counted.words;
        all.characters += counted.characters;
        try write(answer, "{{\"line\":{d},\"words\":{d},\"characters\":{d}}}\n", .{ lines, counted.words, counted.characters });
    }
    try write(answer, "{{\"lines\":{d},\"words\":{d},\"characters\":{d}}}\n", .{ lines, all.words, all.characters });
}

fn write(answer: host.Writer, comptime format: []const u8, values: anytype) host.Error!void {
    const part = host.print(format, values);
    defer host.drop(part);
    try call("streams_method_answer_writer_write", .{ answer, part.ptr[0..part.len] });
}
