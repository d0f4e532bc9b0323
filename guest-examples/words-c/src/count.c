#include "count.h"

#include <stdbool.h>
#include <string.h>

/// The length of the character at the start of a text, 0 if there is no whole one. Table 3-7 of the Unicode standard:
/// what may follow the first byte keeps out surrogates, what is above U+10FFFF, and what has a shorter form.
static size_t character_length(Span text) {
    uint8_t first = text.ptr[0], low = 0x80, high = 0xBF;
    size_t length = 0;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    if (length == 0 || length > text.len)
        return 0;
    switch (first) {
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    }
    if (text.ptr[1] < low || text.ptr[1] > high)
        return 0;
    for (size_t at = 2; at < length; at++)
        if ((text.ptr[at] & 0xC0) != 0x80)
            return 0;
    return length;
}

size_t utf8_length(Span text) {
    size_t at = 0;
    while (at < text.len) {
        size_t length = character_length((Span){text.ptr + at, text.len - at});
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

Span take_line(Span *text) {
    Span line = *text;
    const uint8_t *end = memchr(text->ptr, '\n', text->len);
    if (end == NULL) {
        *text = (Span){};
        return line;
    }
    line.len = (size_t)(end - line.ptr);
    *text = (Span){end + 1, text->len - line.len - 1};
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

Counted count_line(Span line) {
    Counted counted = {};
    bool in_word = false;
    for (size_t at = 0; at < line.len; at++) {
        bool blank = line.ptr[at] == ' ' || line.ptr[at] == '\t';
        counted.words += !blank && !in_word;
        in_word = !blank;
        counted.characters += (line.ptr[at] & 0xC0) != 0x80; // all but the first byte of a character begin with 10
    }
    return counted;
}
