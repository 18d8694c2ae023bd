#include "base/system_error.h"

#include <cerrno>
#include <system_error>

namespace mantissa::base {
namespace {

std::string advice_for(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space, or name a folder on another disk";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f)";
    case EACCES:
    case EPERM:
      return "Check the permissions of the file and of its folder";
    case EMFILE:
      return "Raise the limit on open files (ulimit -n)";
    default:
      return {};
  }
}

}  // namespace

std::string quoted(const std::filesystem::path& path) {
  std::string text = "\"";
  text += path.string();
  text += '"';
  return text;
}

Error system_error(ErrorCode code, std::string_view what, const std::filesystem::path& path, int error_number) {
  // Not strerror(), which threads share.
  const std::string reason = std::generic_category().message(error_number);
  return Error{code, "cannot " + std::string(what) + " " + quoted(path) + ": " + reason, advice_for(error_number), {}};
}

}  // namespace mantissa::base
