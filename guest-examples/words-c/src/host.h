/// What makes the generated bindings pleasant to use: errors that return at once, what is owned is freed by itself,
/// strings in place. Copy it into a project of your own, and add a drop_NAME for each kind of value you own.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "streaming_handler.h" // made by `algohost bindings c`

typedef algohost_ml_types_error_t Error;
typedef streaming_handler_string_t Text;
typedef algohost_ml_requests_request_t Request;
typedef algohost_ml_streams_own_answer_writer_t Writer;

/// Leaves the function when a call fails, which has filled in the error then. What is OWNED is freed.
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if (!(call))                                                                                                   \
            return false;                                                                                              \
    } while (0)

/// Declares a variable that is freed at the end of its block, however that is left: `OWNED(Text) line = {};`.
#define OWNED(type) [[gnu::cleanup(drop_##type)]] type

[[maybe_unused]] static void drop_Text(Text *owned) {
    streaming_handler_string_free(owned);
}

[[maybe_unused]] static void drop_Request(Request *owned) {
    algohost_ml_requests_request_free(owned);
}

/// A handle is never 0.
[[maybe_unused]] static void drop_Writer(Writer *owned) {
    if (owned->__handle != 0)
        algohost_ml_streams_answer_writer_drop_own(*owned);
}

/// Lends what is owned to a call.
#define REF(owned) _Generic((owned), Writer: algohost_ml_streams_borrow_answer_writer)(owned)

/// A string literal as an argument; the host only reads it.
#define TEXT(literal) (&(Text){(uint8_t *)(literal), sizeof(literal) - 1})

/// A text's bytes as an argument.
#define BYTES(text) (&(streaming_handler_list_u8_t){(text).ptr, (text).len})

/// A text of one's own, as printf writes it.
[[maybe_unused, gnu::format(printf, 1, 0)]] static Text print_list(const char *format, va_list arguments) {
    char *printed = nullptr;
    int length = vasprintf(&printed, format, arguments);
    if (length < 0)
        abort();
    return (Text){(uint8_t *)printed, (size_t)length};
}

[[maybe_unused, gnu::format(printf, 1, 2)]] static Text print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Text printed = print_list(format, arguments);
    va_end(arguments);
    return printed;
}

/// Makes an error: `return fail(err, ALGOHOST_ML_TYPES_ERROR_CODE_INVALID_INPUT, "%u rows are too few", rows);`
[[maybe_unused, gnu::format(printf, 3, 4)]]
static bool fail(Error *err, algohost_ml_types_error_code_t code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    *err = (Error){code, print_list(format, arguments)};
    va_end(arguments);
    return false;
}
