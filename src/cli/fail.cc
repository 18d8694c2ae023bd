#include <cstdio>

#include "cli/commands.h"
#include "cli/error_json.h"

namespace mantissa::cli {

nlohmann::ordered_json to_json(const Error& error) {
  return {
      {"code", static_cast<int>(error.code)}, {"what", error.what}, {"advice", error.advice}, {"where", error.where}};
}

int fail(const Error& error, const GlobalOptions& global) {
  std::fprintf(stderr, "mantissa: %s\n", error.message().c_str());
  if (global.json) {
    const nlohmann::ordered_json json = {{"error", to_json(error)}};
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  }
  return static_cast<int>(error.code);
}

}  // namespace mantissa::cli
