#include "run/race_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>

namespace mantissa::run {

namespace {

constexpr float kLeastRadius = 2;
constexpr float kMostRadius = 64;
constexpr int kPixelsPerDisc = 24;  // many enough that hardly a pixel stays uncovered
constexpr float kTexture = 2.0F / 255;

class Random {
 public:
  // 0 up to 1; the same everywhere, unlike the standard library's distributions.
  float next() { return static_cast<float>(engine_() >> 8) / 16777216.0F; }

 private:
  std::mt19937 engine_{20260101};
};

}  // namespace

image::Picture race_picture(int width, int height) {
  image::Picture picture(width, height, 3, 0.5F);
  Random random;
  const int discs = std::max(width * height / kPixelsPerDisc, 1);
  for (int disc = 0; disc < discs; ++disc) {
    // The inverse of the distribution function of a density of r^-3 between the two radii.
    constexpr float kSmall = 1 / (kLeastRadius * kLeastRadius), kLarge = 1 / (kMostRadius * kMostRadius);
    const float radius = 1 / std::sqrt(kSmall - random.next() * (kSmall - kLarge));
    const float x0 = random.next() * static_cast<float>(width), y0 = random.next() * static_cast<float>(height);
    const float light = random.next();
    std::array<float, 3> colour{};
    for (float& each : colour) each = std::clamp(light + 0.3F * (random.next() - 0.5F), 0.0F, 1.0F);
    const int top = std::max(static_cast<int>(y0 - radius), 0);
    const int bottom = std::min(static_cast<int>(y0 + radius) + 1, height);
    for (int y = top; y < bottom; ++y) {
      const float dy = static_cast<float>(y) - y0;
      const float half = std::sqrt(std::max(radius * radius - dy * dy, 0.0F));
      const int left = std::max(static_cast<int>(x0 - half), 0);
      const int right = std::min(static_cast<int>(x0 + half) + 1, width);
      for (int x = left; x < right; ++x) {
        const float texture = kTexture * (random.next() - 0.5F);
        for (int c = 0; c < 3; ++c) picture.row(c, y)[x] = std::clamp(colour[c] + texture, 0.0F, 1.0F);
      }
    }
  }
  return picture;
}

}  // namespace mantissa::run
