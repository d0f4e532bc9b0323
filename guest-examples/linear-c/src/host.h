/// What makes the generated bindings pleasant to use: errors that return at once, handles that are freed by themselves,
/// strings and lists in place. Copy it into a project of your own, and add a name to DROPPED for each kind you own.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algorithm.h" // made by `algohost bindings c`

typedef algohost_ml_types_error_t Error;
typedef algorithm_string_t Text;
typedef algohost_ml_data_own_reader_t Reader;
typedef algohost_ml_data_batch_t Batch;
typedef algohost_ml_tensors_own_tensor_t Tensor;
typedef algohost_ml_formulas_own_formula_t Formula;
typedef algohost_ml_artifacts_own_writer_t Writer;
typedef algohost_ml_artifacts_own_archive_t Archive;

/// Leaves the function when a call fails, which has filled in the error then. What is OWNED is freed.
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if (!(call))                                                                                                   \
            return false;                                                                                              \
    } while (0)

/// Declares a variable that is freed at the end of its block, however that is left: `OWNED(Tensor) mean = {};`. Start
/// it as {}: a handle is never 0, so that nothing is freed before something is there.
#define OWNED(type) [[gnu::cleanup(drop_##type)]] type

#define DROPPED(type, function)                                                                                        \
    [[maybe_unused]] static void drop_##type(type *owned) {                                                            \
        if (owned->__handle != 0)                                                                                      \
            function(*owned);                                                                                          \
    }
DROPPED(Reader, algohost_ml_data_reader_drop_own)
DROPPED(Tensor, algohost_ml_tensors_tensor_drop_own)
DROPPED(Formula, algohost_ml_formulas_formula_drop_own)
DROPPED(Writer, algohost_ml_artifacts_writer_drop_own)
DROPPED(Archive, algohost_ml_artifacts_archive_drop_own)

[[maybe_unused]] static void drop_Text(Text *owned) {
    algorithm_string_free(owned);
}

/// The generated algohost_ml_data_batch_free leaves the tensors.
[[maybe_unused]] static void drop_Batch(Batch *owned) {
    drop_Tensor(&owned->features);
    if (owned->labels.is_some)
        drop_Tensor(&owned->labels.val);
    if (owned->weights.is_some)
        drop_Tensor(&owned->weights.val);
}

/// Takes a tensor out of an OWNED variable, for one that lives longer.
[[maybe_unused]] static Tensor take(Tensor *owned) {
    Tensor taken = *owned;
    *owned = (Tensor){};
    return taken;
}

/// Lends what is owned to a call.
#define REF(owned)                                                                                                     \
    _Generic((owned),                                                                                                  \
        Reader: algohost_ml_data_borrow_reader,                                                                        \
        Tensor: algohost_ml_tensors_borrow_tensor,                                                                     \
        Formula: algohost_ml_formulas_borrow_formula,                                                                  \
        Writer: algohost_ml_artifacts_borrow_writer,                                                                   \
        Archive: algohost_ml_artifacts_borrow_archive)(owned)

/// A string literal as an argument; the host only reads it.
#define TEXT(literal) (&(Text){(uint8_t *)(literal), sizeof(literal) - 1})

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/// Lengths of axes, or axes, as an argument: `LENGTHS(rows, 1)`, `AXES(0)`.
#define LENGTHS(...) (&(algorithm_list_u32_t){(uint32_t[]){__VA_ARGS__}, COUNT(((uint32_t[]){__VA_ARGS__}))})
#define AXES LENGTHS

/// The tensors of a formula as an argument: `INPUTS(REF(w), REF(v))`.
#define INPUTS(...)                                                                                                    \
    (&(algohost_ml_formulas_list_borrow_tensor_t){                                                                     \
        (algohost_ml_formulas_borrow_tensor_t[]){__VA_ARGS__},                                                         \
        COUNT(((algohost_ml_formulas_borrow_tensor_t[]){__VA_ARGS__})),                                                \
    })

/// The length of one axis.
[[maybe_unused]] static uint32_t length_of(Tensor tensor, size_t axis) {
    algorithm_list_u32_t lengths;
    algohost_ml_tensors_method_tensor_shape(REF(tensor), &lengths);
    uint32_t length = lengths.ptr[axis];
    algorithm_list_u32_free(&lengths);
    return length;
}

[[maybe_unused]] static bool equals(Text text, const char *other) {
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

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
