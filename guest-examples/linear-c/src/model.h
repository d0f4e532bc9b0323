#pragma once

/// Where the model is, in the model directory.
#define MODEL "model.safetensors"
