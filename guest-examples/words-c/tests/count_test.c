/// Counting, on the machine that compiles: an assertion that fails ends the program.
#undef NDEBUG
#include "count.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SPAN(literal) ((Span){(const uint8_t *)(literal), sizeof(literal) - 1})

static void words_lie_between_spaces_and_tabs(void) {
    static const struct {
        Span line;
        size_t words, characters;
    } cases[] = {
        {SPAN(""), 0, 0},
        {SPAN("one"), 1, 3},
        {SPAN("  two \t words "), 2, 14},
        {SPAN("f\u00fcr \u2603"), 2, 5},
        {SPAN("no\u00a0break"), 1, 8},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        Counted counted = count_line(cases[at].line);
        assert(counted.words == cases[at].words);
        assert(counted.characters == cases[at].characters);
    }
}

static void lines_end_with_or_without_a_carriage_return(void) {
    static const char *const lines[] = {"a", "b", "", "c\r", "d\r"};
    Span text = SPAN("a\nb\r\n\nc\r\r\nd\r");
    for (size_t at = 0; at < sizeof lines / sizeof *lines; at++) {
        Span line = take_line(&text);
        assert(line.len == strlen(lines[at]));
        assert(memcmp(line.ptr, lines[at], line.len) == 0);
    }
    assert(text.len == 0);
}

static void what_is_no_utf8_is_found(void) {
    static const struct {
        Span text;
        size_t length;
    } cases[] = {
        {SPAN(""), 0},
        {SPAN("a\u00fc\u2603\U0001f600"), 10},
        {SPAN("a\xff"), 1},
        {SPAN("ab\x80"), 2},
        {SPAN("a\xc0\xaf"), 1},         // a longer form of "/"
        {SPAN("a\xe0\x80\xaf"), 1},     // a longer one still
        {SPAN("a\xed\xa0\x80"), 1},     // half of a surrogate pair
        {SPAN("a\xf4\x90\x80\x80"), 1}, // above U+10FFFF
        {SPAN("\xf0\x8f\xbf\xbf"), 0},
        {SPAN("a\xe2\x98"), 1}, // cut off
        {SPAN("a\xf0\x9f\x98x"), 1},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++)
        assert(utf8_length(cases[at].text) == cases[at].length);
}

int main(void) {
    words_lie_between_spaces_and_tabs();
    lines_end_with_or_without_a_carriage_return();
    what_is_no_utf8_is_found();
    puts("3 tests passed");
}
