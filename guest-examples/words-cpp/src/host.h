/// What makes the generated bindings pleasant to use. Copy it; only the name of the world's header differs.
#pragma once

#include <array>
#include <concepts>
#include <expected>
#include <functional>
#include <string_view>
#include <utility>

#include <streaming_handler_cpp.h>

/// What the host offers, and what it calls.
namespace host = algohost::ml;
namespace guest = exports::algohost::ml;

using host::tensors::Tensor;
using host::types::Error;
using host::types::ErrorCode;

template <typename T> using Result = std::expected<T, Error>;

/// The value of a call that can fail. Where it has failed, the function that says TRY fails with the same error.
#define TRY(call)                                                                                                      \
    ({                                                                                                                 \
        auto result_ = (call);                                                                                         \
        if (!result_)                                                                                                  \
            return std::unexpected(std::move(result_).error());                                                        \
        *std::move(result_);                                                                                           \
    })

/// An error of the algorithm's own: `return fail(ErrorCode::kInvalidInput, "…")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string_view message) {
    return std::unexpected(Error{code, wit::string::from_view(message)});
}

/// Tensors for a call that takes any number of them.
template <std::same_as<Tensor>... T> auto list(const T &...tensors) {
    return std::array{std::cref(tensors)...};
}
