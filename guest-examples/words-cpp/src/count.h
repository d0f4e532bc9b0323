/// What is counted of a line, and where a line ends. It needs no host.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

struct Counts {
    std::size_t words = 0;
    std::size_t characters = 0; // Unicode's code points

    Counts &operator+=(const Counts &other);
    bool operator==(const Counts &) const = default;
};

/// Of a line, which is UTF-8. Words lie between spaces and tabs.
Counts count(std::string_view line);

/// Takes the first line off a text: without its end, \n or \r\n. A last line without an end counts; an empty text has
/// no lines.
std::optional<std::string_view> next_line(std::string_view &text);

/// The place of the first byte that is not UTF-8, or the length of the text.
std::size_t valid_up_to(std::string_view text);
