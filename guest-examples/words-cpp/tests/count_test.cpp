#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "count.h"

#include <string>
#include <vector>

using namespace std::literals;

TEST_CASE("words lie between spaces and tabs") {
    CHECK(count("") == Counts{0, 0});
    CHECK(count("one") == Counts{1, 3});
    CHECK(count("  two \t words ") == Counts{2, 14});
    CHECK(count("für ☃") == Counts{2, 5});
    CHECK(count("one\u00a0word\vand\rno\u2003more") == Counts{1, 20});
}

TEST_CASE("lines lose their ends") {
    auto lines = [](std::string_view text) {
        std::vector<std::string> lines;
        while (auto line = next_line(text))
            lines.emplace_back(*line);
        return lines;
    };
    CHECK(lines("") == std::vector<std::string>{});
    CHECK(lines("\n") == std::vector{""s});
    CHECK(lines("one\ntwo") == std::vector{"one"s, "two"s});
    CHECK(lines("one\r\n\r\ntwo\n") == std::vector{"one"s, ""s, "two"s});
    CHECK(lines("a\rb\r\r\nlast\r") == std::vector{"a\rb\r"s, "last\r"s});
}

TEST_CASE("the first byte that is not UTF-8 is found") {
    CHECK(valid_up_to("") == 0);
    CHECK(valid_up_to("für ☃ 𝄞 \U0010ffff") == 18);
    CHECK(valid_up_to("ab\xff") == 2);
    CHECK(valid_up_to("ab\xe2\x98") == 2);
    CHECK(valid_up_to("ab\xe2\x98\xff") == 2);
    CHECK(valid_up_to("ab\xed\xa0\x80") == 2);     // a surrogate
    CHECK(valid_up_to("ab\xc0\x80") == 2);         // longer than need be
    CHECK(valid_up_to("ab\xf4\x90\x80\x80") == 2); // beyond Unicode
}
