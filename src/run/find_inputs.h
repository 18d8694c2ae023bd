// The pictures that a user means by files, folders and patterns of names.
#pragma once

#include <filesystem>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::run {

struct FoundPicture {
  std::filesystem::path file;
  std::filesystem::path folder;  // that it lies in, below the folder that was given: "2024/may"; empty: none
  bool named = false;            // itself, not its folder or a pattern
};

// In the order of `inputs`, those of a folder or pattern sorted by name; none twice. What has no such file is taken as
// a pattern (glob(3): *, ?, [a-z]). Hidden files and folders are left out unless they are named.
// Errors (bad_input): an input that is not there, a folder or pattern without pictures.
[[nodiscard]] Result<std::vector<FoundPicture>> find_inputs(const std::vector<std::filesystem::path>& inputs,
                                                            bool recursive);

}  // namespace mantissa::run
