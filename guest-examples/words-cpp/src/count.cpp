#include "count.h"

#include <algorithm>

static bool is_continuation(char byte) {
    return (byte & 0xc0) == 0x80;
}

Counts &Counts::operator+=(const Counts &other) {
    words += other.words;
    characters += other.characters;
    return *this;
}

Counts count(std::string_view line) {
    constexpr std::string_view blanks = " \t";
    Counts counts;
    for (auto at = line.find_first_not_of(blanks); at < line.size(); ++counts.words)
        at = line.find_first_not_of(blanks, line.find_first_of(blanks, at));
    counts.characters = line.size() - static_cast<std::size_t>(std::ranges::count_if(line, is_continuation));
    return counts;
}

std::optional<std::string_view> next_line(std::string_view &text) {
    if (text.empty())
        return {};
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (end == text.npos) {
        text = {};
    } else {
        text.remove_prefix(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
    }
    return line;
}

/// Length of the character that a text begins with; 0 if it is none. Unicode's table 3-7.
static std::size_t character_length(std::string_view text) {
    auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return 1;
    std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() < length || !std::ranges::all_of(text.substr(1, length - 1), is_continuation))
        return 0;
    auto second = static_cast<unsigned char>(text[1]);
    bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool surrogate = first == 0xed && second >= 0xa0;
    bool beyond = first == 0xf4 && second >= 0x90;
    return too_long || surrogate || beyond ? 0 : length;
}

std::size_t valid_up_to(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        auto length = character_length(text.substr(at));
        if (length == 0)
            break;
        at += length;
    }
    return at;
}
