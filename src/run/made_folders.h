// Folders that are made for outputs, and go again where nothing came of these.
#pragma once

#include <filesystem>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::run {

class MadeFolders {
 public:
  MadeFolders() = default;
  // Removes those that are empty.
  ~MadeFolders();
  MadeFolders(const MadeFolders&) = delete;
  MadeFolders& operator=(const MadeFolders&) = delete;

  // The folder, with those that it lies in. Errors (bad_input): it cannot be made.
  [[nodiscard]] Result<void> make(const std::filesystem::path& folder);

 private:
  std::vector<std::filesystem::path> made_;  // outer ones first
};

}  // namespace mantissa::run
