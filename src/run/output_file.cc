#include "run/output_file.h"

namespace mantissa::run {

namespace fs = std::filesystem;

Result<void> check_output_file(const fs::path& input, const fs::path& output, bool overwrite) {
  std::error_code ignored;
  if (!fs::exists(output, ignored)) return {};
  if (fs::equivalent(output, input, ignored))
    return usage_error("the output " + output.string() + " is the input", "Choose another output");
  if (!overwrite)
    return bad_input("the output " + output.string() + " exists",
                     "Remove it, choose another name, or add --overwrite or --skip-existing");
  return {};
}

}  // namespace mantissa::run
