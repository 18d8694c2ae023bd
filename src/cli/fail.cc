#include <cstdio>

#include "base/digits.h"
#include "cli/commands.h"
#include "cli/error_json.h"

namespace mantissa::cli {

nlohmann::ordered_json to_json(const Error& error) {
  return {
      {"code", static_cast<int>(error.code)}, {"what", error.what}, {"advice", error.advice}, {"where", error.where}};
}

nlohmann::ordered_json to_json(const TileError& error) {
  return {{"tile", error.tile},
          {"pictures", error.pictures},
          {"psnr", base::rounded(error.psnr, base::kDigitsOfFigure)},
          {"worst_psnr", base::rounded(error.worst_psnr, base::kDigitsOfFigure)}};
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
