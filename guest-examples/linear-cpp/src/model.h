/// What training and serving agree on.
#pragma once

#include <string_view>

/// Where the model is, in the model directory.
inline constexpr std::string_view model_file = "model.safetensors";

inline constexpr std::string_view logistic = "logistic";
