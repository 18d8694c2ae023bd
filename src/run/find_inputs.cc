#include "run/find_inputs.h"

#include <glob.h>

#include <memory>
#include <set>
#include <string>

#include "image/codec.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

bool is_pattern(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

// What exists under names of this form, sorted.
std::vector<fs::path> matches_of(const std::string& pattern) {
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, ::globfree);
  std::vector<fs::path> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) != 0) return paths;
  for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  return paths;
}

class Finder {
 public:
  explicit Finder(bool recursive) : recursive_(recursive) {}

  Result<void> add(const fs::path& input) {
    std::error_code ignored;
    if (fs::exists(input, ignored)) return add_existing(input, true);
    if (!is_pattern(input.string())) return bad_input("there is no picture " + input.string());
    const std::vector<fs::path> matches = matches_of(input.string());
    if (matches.empty()) return bad_input("no picture has a name like " + input.string());
    for (const fs::path& match : matches) MANTISSA_TRY(add_existing(match, false));
    return {};
  }

  std::vector<FoundPicture> take() { return std::move(pictures_); }

 private:
  Result<void> add_existing(const fs::path& path, bool named) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) return add_file(path, {}, named), Result<void>();
    MANTISSA_ASSIGN(const std::vector<fs::path> found, image::pictures_in(path, recursive_));
    // A pattern may well match folders of other things beside the pictures that are meant.
    if (found.empty() && named)
      return bad_input("the folder " + path.string() + " holds no pictures",
                       recursive_ ? "" : "Those in folders below it need --recursive");
    for (const fs::path& file : found) {
      const fs::path folder = file.parent_path().lexically_relative(path).lexically_normal();
      add_file(file, folder == "." ? fs::path() : folder, false);
    }
    return {};
  }

  void add_file(const fs::path& file, const fs::path& folder, bool named) {
    std::error_code ignored;
    if (seen_.insert(fs::absolute(file, ignored).lexically_normal()).second) pictures_.push_back({file, folder, named});
  }

  bool recursive_;
  std::set<fs::path> seen_;
  std::vector<FoundPicture> pictures_;
};

}  // namespace

Result<std::vector<FoundPicture>> find_inputs(const std::vector<fs::path>& inputs, bool recursive) {
  Finder finder(recursive);
  for (const fs::path& input : inputs) MANTISSA_TRY(finder.add(input));
  std::vector<FoundPicture> pictures = finder.take();
  if (pictures.empty()) return bad_input("there are no pictures to restore");
  return pictures;
}

}  // namespace mantissa::run
