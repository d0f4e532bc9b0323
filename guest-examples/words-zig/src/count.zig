//! What is counted of a text, line by line. Nothing here needs the host.

const std = @import("std");

pub const Counted = struct {
    words: usize = 0,
    /// Unicode's code points.
    characters: usize = 0,
};

/// Words lie between spaces and tabs. The line is UTF-8.
pub fn ofLine(line: []const u8) Counted {
    var counted: Counted = .{ .characters = std.unicode.utf8CountCodepoints(line) catch unreachable };
    var words = std.mem.tokenizeAny(u8, line, " \t");
    while (words.next()) |_| counted.words += 1;
    return counted;
}

/// Takes the first line off a text. What ends it, \n or \r\n, is in neither of the two then. Null when nothing is left.
pub fn takeLine(text: *[]const u8) ?[]const u8 {
    const all = text.*;
    if (all.len == 0) return null;
    const end = std.mem.findScalar(u8, all, '\n') orelse {
        text.* = "";
        return all;
    };
    text.* = all[end + 1 ..];
    return if (end > 0 and all[end - 1] == '\r') all[0 .. end - 1] else all[0..end];
}

/// How many of the first bytes are whole characters of UTF-8: all of them, if the text is UTF-8.
pub fn validLength(text: []const u8) usize {
    if (std.unicode.utf8ValidateSlice(text)) return text.len; // many times faster
    var at: usize = 0;
    while (at < text.len) {
        const length = std.unicode.utf8ByteSequenceLength(text[at]) catch break;
        if (length > text.len - at) break;
        _ = std.unicode.utf8Decode(text[at..][0..length]) catch break;
        at += length;
    }
    return at;
}

test "words lie between spaces and tabs" {
    for ([_]struct { []const u8, usize, usize }{
        .{ "", 0, 0 },
        .{ "one", 1, 3 },
        .{ "  two \t words ", 2, 14 },
        .{ "für ☃", 2, 5 },
        .{ "no\u{a0}break", 1, 8 },
    }) |case| {
        const line, const words, const characters = case;
        try std.testing.expectEqual(Counted{ .words = words, .characters = characters }, ofLine(line));
    }
}

test "lines end with or without a carriage return" {
    var text: []const u8 = "a\nb\r\n\nc\r\r\nd\r";
    for ([_][]const u8{ "a", "b", "", "c\r", "d\r" }) |line| {
        try std.testing.expectEqualStrings(line, takeLine(&text).?);
    }
    try std.testing.expectEqual(null, takeLine(&text));
}

test "what is no UTF-8 is found" {
    for ([_]struct { []const u8, usize }{
        .{ "", 0 },
        .{ "aü☃😀", 10 },
        .{ "a\xff", 1 },
        .{ "ab\x80", 2 },
        .{ "a\xc0\xaf", 1 }, // a longer form of "/"
        .{ "a\xe0\x80\xaf", 1 }, // a longer one still
        .{ "a\xed\xa0\x80", 1 }, // half of a surrogate pair
        .{ "a\xf4\x90\x80\x80", 1 }, // above U+10FFFF
        .{ "\xf0\x8f\xbf\xbf", 0 },
        .{ "a\xe2\x98", 1 }, // cut off
        .{ "a\xf0\x9f\x98x", 1 },
    }) |case| {
        const text, const length = case;
        try std.testing.expectEqual(length, validLength(text));
    }
}
