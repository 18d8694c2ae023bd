#include "run/made_folders.h"

#include <algorithm>

namespace mantissa::run {

namespace fs = std::filesystem;

MadeFolders::~MadeFolders() {
  std::error_code not_empty;
  std::for_each(made_.rbegin(), made_.rend(), [&](const fs::path& folder) { fs::remove(folder, not_empty); });
}

Result<void> MadeFolders::make(const fs::path& folder) {
  std::error_code problem;
  if (folder.empty() || fs::is_directory(folder, problem)) return {};
  if (fs::exists(folder, problem))
    return bad_input(folder.string() + " is a file, not a folder", "Choose another output");
  MANTISSA_TRY(make(folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path()));
  if (fs::create_directory(folder, problem)) made_.push_back(folder);
  if (problem) return bad_input("the folder " + folder.string() + " cannot be made: " + problem.message());
  return {};
}

}  // namespace mantissa::run
