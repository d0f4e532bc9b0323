//! Answers a text with one JSON object a line, and one of all: a client sees the first while the last is counted.

#include "count.h"
#include "host.h"

static bool answer_lines(Span text, Writer answer, Error *err);

bool exports_algohost_ml_stream_handler_load(Error *err) {
    (void)err;
    return true;
}

bool exports_algohost_ml_stream_handler_handle_stream(Request *request, Writer answer, Error *err) {
    OWNED(Request) asked = *request;
    OWNED(Writer) writer = answer;
    Span text = {asked.body.ptr, asked.body.len};
    size_t valid = utf8_length(text);
    if (valid < text.len)
        return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT, "the text is not UTF-8 from byte %zu on", valid);
    streaming_handler_tuple2_string_string_t content_type = {*TEXT("content-type"), *TEXT("application/jsonlines")};
    streaming_handler_list_tuple2_string_string_t headers = {&content_type, 1};
    TRY(algohost_ml_streams_method_answer_writer_begin(REF(writer), 200, &headers, err));
    return answer_lines(text, writer, err);
}

static bool answer_lines(Span text, Writer answer, Error *err) {
    size_t lines = 0;
    Counted all = {};
    while (text.len > 0) {
        Counted one = count_line(take_line(&text));
        lines++;
        all.words += one.words;
        all.characters += one.characters;
        OWNED(Text) part = print("{\"line\":%zu,\"words\":%zu,\"characters\":%zu}\n", lines, one.words, one.characters);
        TRY(algohost_ml_streams_method_answer_writer_write(REF(answer), BYTES(part), err));
    }
    OWNED(Text) part = print("{\"lines\":%zu,\"words\":%zu,\"characters\":%zu}\n", lines, all.words, all.characters);
    return algohost_ml_streams_method_answer_writer_write(REF(answer), BYTES(part), err);
}
