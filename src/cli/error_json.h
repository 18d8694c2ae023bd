// What --json prints of an Error.
#pragma once

#include <nlohmann/json.hpp>

#include "mantissa/result.h"

namespace mantissa::cli {

[[nodiscard]] nlohmann::ordered_json to_json(const Error& error);

}  // namespace mantissa::cli
