// Whether a picture may be written under a name.
#pragma once

#include <filesystem>

#include "mantissa/result.h"

namespace mantissa::run {

// Errors: (usage) it is the input; (bad_input) it exists and is not to be replaced.
[[nodiscard]] Result<void> check_output_file(const std::filesystem::path& input, const std::filesystem::path& output,
                                             bool overwrite);

}  // namespace mantissa::run
