/// One JSON object a line, and one of all: a client sees the first while the last is counted.

#include <string>

#include "count.h"
#include "host.h"

using host::requests::Request;
using host::streams::AnswerWriter;

namespace {

std::string json(std::string_view key, std::size_t number, const Counts &counts) {
    return "{\"" + std::string(key) + "\":" + std::to_string(number) + ",\"words\":" + std::to_string(counts.words) +
           ",\"characters\":" + std::to_string(counts.characters) + "}\n";
}

Result<void> write(const AnswerWriter &answer, std::string_view part) {
    return answer.Write({reinterpret_cast<const uint8_t *>(part.data()), part.size()});
}

} // namespace

Result<void> guest::stream_handler::Load() {
    return {};
}

Result<void> guest::stream_handler::HandleStream(Request request, AnswerWriter &&answer) {
    std::string_view text(reinterpret_cast<const char *>(request.body.data()), request.body.size());
    if (auto valid = valid_up_to(text); valid < text.size())
        return fail(ErrorCode::kInvalidInput, "the text is not UTF-8 from byte " + std::to_string(valid) + " on");
    constexpr std::array headers{
        std::tuple<std::string_view, std::string_view>{"content-type", "application/jsonlines"}};
    TRY(answer.Begin(200, headers));
    Counts total;
    std::size_t lines = 0;
    while (auto line = next_line(text)) {
        auto counted = count(*line);
        total += counted;
        TRY(write(answer, json("line", ++lines, counted)));
    }
    return write(answer, json("lines", lines, total));
}
