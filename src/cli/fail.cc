#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace mantissa::cli {

int fail(const Error& error, const GlobalOptions& global) {
  std::fprintf(stderr, "mantissa: %s\n", error.message().c_str());
  if (global.json) {
    const nlohmann::ordered_json json = {{"error",
                                          {{"code", static_cast<int>(error.code)},
                                           {"what", error.what},
                                           {"advice", error.advice},
                                           {"where", error.where}}}};
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  }
  return static_cast<int>(error.code);
}

}  // namespace mantissa::cli
