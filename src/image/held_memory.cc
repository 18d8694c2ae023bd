#include "image/held_memory.h"

#include <cstdio>

#include "base/memory.h"

namespace mantissa::image {
namespace {

constexpr double kShare = 0.8;  // of what is free: the engine wants some

}  // namespace

Result<void> check_held(double bytes, const std::string& doing) {
  if (bytes <= 0) return {};
  const auto available = base::available_memory();
  if (!available || bytes <= kShare * static_cast<double>(*available)) return {};
  char text[160];
  std::snprintf(text, sizeof text, " as a whole, which takes about %.1f GB of memory; %.1f GB are free", bytes / 1e9,
                static_cast<double>(*available) / 1e9);
  return unsupported("the picture " + doing + text,
                     "Use .png, .tif or .jpg without interlacing, which need no more than some rows");
}

}  // namespace mantissa::image
