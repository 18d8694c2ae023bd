// What --json prints of an Error, and of what tiles lose.
#pragma once

#include <nlohmann/json.hpp>

#include "mantissa/result.h"
#include "mantissa/tile_error.h"

namespace mantissa::cli {

[[nodiscard]] nlohmann::ordered_json to_json(const Error& error);
[[nodiscard]] nlohmann::ordered_json to_json(const TileError& error);

}  // namespace mantissa::cli
