// A picture, or a rectangle of one, as numbers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mantissa::image {

// Planar samples [channel][y][x], nominally 0..1 with 0 black and 1 white, as stored (no linear light). 1 channel is
// grey, 3 are R, G, B unless a function says otherwise.
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<float> samples;

  Picture() = default;
  Picture(int columns, int rows, int planes, float fill = 0.0F)
      : width(columns),
        height(rows),
        channels(planes),
        samples(static_cast<std::size_t>(columns) * rows * planes, fill) {}

  // In the same memory where it is large enough; what the samples are is not said.
  void reshape(int columns, int rows, int planes) {
    width = columns;
    height = rows;
    channels = planes;
    samples.resize(static_cast<std::size_t>(columns) * rows * planes);
  }

  [[nodiscard]] std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
  [[nodiscard]] std::span<float> plane(int channel) { return {samples.data() + channel * pixels(), pixels()}; }
  [[nodiscard]] std::span<const float> plane(int channel) const {
    return {samples.data() + channel * pixels(), pixels()};
  }
  [[nodiscard]] std::span<float> row(int channel, int y) {
    return plane(channel).subspan(static_cast<std::size_t>(y) * width, width);
  }
  [[nodiscard]] std::span<const float> row(int channel, int y) const {
    return plane(channel).subspan(static_cast<std::size_t>(y) * width, width);
  }
};

struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// The rectangle, which must lie inside the picture.
[[nodiscard]] Picture crop(const Picture& picture, Rectangle rectangle);
void crop_into(const Picture& picture, Rectangle rectangle, Picture& part);  // in the memory of `part`
// Only the channels [first, first + count).
[[nodiscard]] Picture select_channels(const Picture& picture, int first, int count);
// The integer 0..largest that stands for a sample: clipped to 0..1, rounded half up; NaN gives 0. `largest` is at most
// 65535.
[[nodiscard]] inline int to_level(float sample, int largest) {
  const float clipped = sample > 0.0F ? (sample < 1.0F ? sample : 1.0F) : 0.0F;
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): right for what is not negative, and a call would keep loops slow
  return static_cast<int>(clipped * static_cast<float>(largest) + 0.5F);
}
// Clips to 0..1 and rounds to 8 bits (k/255): what a user sees of it.
void round_to_8_bits(Picture& picture);

}  // namespace mantissa::image
