#include "run/place_tile.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "image/enlarge.h"
#include "run/network_colours.h"

namespace mantissa::run {
namespace {

// Brings samples from the network's range to 0..1; false for NaN or infinity.
MANTISSA_FOR_EACH_PROCESSOR bool to_unit_range(const float* in, float low, float factor, float* __restrict out,
                                               std::size_t count) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  int finite = 1;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = (in[i] - low) * factor;
    finite &= static_cast<int>(in[i] <= kLargest) & static_cast<int>(in[i] >= -kLargest);
  }
  return finite != 0;
}

// Where line `y` of the kept part begins in a channel of the tensor.
const float* line_of(std::span<const float> tensor, int channel, int y, const Tile& tile, int scale) {
  const std::size_t width = static_cast<std::size_t>(tile.input.width) * scale;
  const std::size_t height = static_cast<std::size_t>(tile.input.height) * scale;
  const std::size_t left = static_cast<std::size_t>(tile.keep.x - tile.input.x) * scale;
  const std::size_t top = static_cast<std::size_t>(tile.keep.y - tile.input.y) * scale;
  return tensor.data() + (channel * height + top + y) * width + left;
}

// Makes the lines of a tile's kept part, one after another. Each thread has its own.
class LineMaker {
 public:
  LineMaker(std::span<const float> tensor, const Tile& tile, const Strip& strip, const image::PictureInfo& info,
            const net::Task& task, image::Picture& rows)
      : tensor_(tensor),
        tile_(tile),
        strip_(strip),
        info_(info),
        task_(task),
        rows_(rows),
        width_(static_cast<std::size_t>(tile.keep.width) * task.scale),
        enlarger_(info.width, task.scale),
        scratch_(has_colours_of(info, task) ? 0 : 3 * width_) {}

  // Line `y` of the kept part; false for NaN or infinity.
  bool make(int y) {
    std::array<float*, 3> network{}, file{};
    for (std::size_t channel = 0; channel < 3; ++channel) {
      if (static_cast<int>(channel) < info_.channels) file[channel] = out(static_cast<int>(channel), y);
      network[channel] = scratch_.empty() ? file[channel] : scratch_.data() + channel * width_;
    }
    bool finite = true;
    const net::Range range = net::output_range(task_);
    for (int channel = 0; channel < net::channels_of(task_.colour); ++channel)
      finite &= to_unit_range(in(channel, y), range.low, 1.0F / range.span(),
                              network[static_cast<std::size_t>(channel)], width_);

    const bool has_chroma = keeps_chroma(info_, task_);
    if (has_chroma) enlarge(0, y, network[1]);
    if (has_chroma) enlarge(1, y, network[2]);
    from_network_line({network[0], network[1], network[2]}, info_, task_, file, width_);
    if (info_.has_alpha) enlarge(has_chroma ? 2 : 0, y, out(info_.channels, y));
    return finite;
  }

 private:
  [[nodiscard]] const float* in(int channel, int y) const { return line_of(tensor_, channel, y, tile_, task_.scale); }
  [[nodiscard]] float* out(int channel, int y) const {
    return rows_.row(channel, y).data() + static_cast<std::ptrdiff_t>(tile_.keep.x) * task_.scale;
  }

  void enlarge(int plane, int y, float* line) {
    const int above = (tile_.keep.y - strip_.begin()) * task_.scale;
    enlarger_.row(strip_.plane_beside(plane), above + y, tile_.keep.x, tile_.keep.width, line);
  }

  std::span<const float> tensor_;
  const Tile& tile_;
  const Strip& strip_;
  const image::PictureInfo& info_;
  const net::Task& task_;
  image::Picture& rows_;
  std::size_t width_;
  image::Enlarger enlarger_;
  std::vector<float> scratch_;  // three lines, unless the network's are those of the file
};

}  // namespace

bool place_tile(std::span<const float> tensor, const Tile& tile, const Strip& strip, const image::PictureInfo& info,
                const net::Task& task, image::Picture& rows) {
  std::atomic<bool> finite = true;
  base::parallel_for(static_cast<std::size_t>(rows.height), 16, [&](std::size_t begin, std::size_t end) {
    LineMaker maker(tensor, tile, strip, info, task, rows);
    for (std::size_t y = begin; y < end; ++y)
      if (!maker.make(static_cast<int>(y))) finite = false;
  });
  return finite;
}

bool place_alpha(std::span<const float> tensor, const Tile& tile, const net::Task& task, image::Picture& rows) {
  const net::Range range = net::output_range(task);
  const auto width = static_cast<std::size_t>(tile.keep.width) * task.scale;
  const int channels = task.colour == net::Colour::rgb ? 3 : 1;
  std::atomic<bool> finite = true;
  base::parallel_for(static_cast<std::size_t>(rows.height), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<float> line(width);
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      float* alpha = rows.row(rows.channels - 1, y).data() + static_cast<std::ptrdiff_t>(tile.keep.x) * task.scale;
      std::fill_n(alpha, width, 0.0F);
      for (int channel = 0; channel < channels; ++channel) {
        const float* in = line_of(tensor, channel, y, tile, task.scale);
        if (!to_unit_range(in, range.low, 1.0F / range.span(), line.data(), width)) finite = false;
        for (std::size_t x = 0; x < width; ++x) alpha[x] += line[x] / static_cast<float>(channels);
      }
    }
  });
  return finite;
}

}  // namespace mantissa::run
