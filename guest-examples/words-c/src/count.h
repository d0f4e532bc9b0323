/// What is counted of a text, line by line. Nothing here needs the host.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Bytes in the middle of a text; they are somebody else's, and no 0 ends them.
typedef struct {
    const uint8_t *ptr;
    size_t len;
} Span;

typedef struct {
    size_t words;
    /// Unicode's code points.
    size_t characters;
} Counted;

/// How many of the first bytes are whole characters of UTF-8: all of them, if the text is UTF-8.
size_t utf8_length(Span text);

/// Takes the first line off a text that is not empty. What ends it, \n or \r\n, is in neither of the two then.
Span take_line(Span *text);

/// Words lie between spaces and tabs.
Counted count_line(Span line);
