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
  LineMaker(std::span<const float> tensor, const Tile& tile, const Window& window, const image::PictureInfo& info,
            const net::Task& task)
      : tensor_(tensor),
        tile_(tile),
        window_(window),
        info_(info),
        task_(task),
        width_(static_cast<std::size_t>(tile.keep.width) * task.scale),
        enlarger_(window.area().width, task.scale),
        scratch_((kNetworkLines + kFileLines) * width_) {}

  // Line `y` of the kept part, into file(); false for NaN or infinity.
  bool make(int y) {
    bool finite = true;
    const net::Range range = net::output_range(task_);
    for (int channel = 0; channel < net::channels_of(task_.colour); ++channel)
      finite &= to_unit_range(line_of(tensor_, channel, y, tile_, task_.scale), range.low, 1.0F / range.span(),
                              network(channel), width_);

    const bool has_chroma = keeps_chroma(info_, task_);
    if (has_chroma) enlarge(0, y, network(1));
    if (has_chroma) enlarge(1, y, network(2));
    if (!same_colours_)
      from_network_line({network(0), network(1), network(2)}, info_, task_, {line(3), line(4), line(5)}, width_);
    if (info_.has_alpha) enlarge(has_chroma ? 2 : 0, y, line(kNetworkLines + info_.channels));
    for (std::size_t channel = 0; channel < channels(); ++channel) file_[channel] = file(static_cast<int>(channel));
    return finite;
  }

  // One for each channel of the file.
  [[nodiscard]] image::PictureWriter::Lines lines() const { return {file_.data(), channels()}; }

 private:
  static constexpr int kNetworkLines = 3, kFileLines = 4;

  [[nodiscard]] std::size_t channels() const {
    return static_cast<std::size_t>(info_.channels + (info_.has_alpha ? 1 : 0));
  }
  [[nodiscard]] float* line(int index) { return scratch_.data() + static_cast<std::size_t>(index) * width_; }
  [[nodiscard]] float* network(int channel) { return line(channel); }
  [[nodiscard]] float* file(int channel) {
    return same_colours_ && channel < info_.channels ? network(channel) : line(kNetworkLines + channel);
  }

  void enlarge(int plane, int y, float* out) {
    const int above = (tile_.keep.y - window_.area().y) * task_.scale, left = tile_.keep.x - window_.area().x;
    enlarger_.row(window_.plane_beside(plane), above + y, left, tile_.keep.width, out);
  }

  std::span<const float> tensor_;
  const Tile& tile_;
  const Window& window_;
  const image::PictureInfo& info_;
  const net::Task& task_;
  bool same_colours_ = has_colours_of(info_, task_);
  std::size_t width_;
  image::Enlarger enlarger_;
  std::vector<float> scratch_;  // lines in the network's colours, then in the file's where these are others, and alpha
  std::array<const float*, kFileLines> file_{};
};

}  // namespace

bool place_tile(std::span<const float> tensor, const Tile& tile, const Window& window, const image::PictureInfo& info,
                const net::Task& task, const LineSink& sink) {
  std::atomic<bool> finite = true;
  const auto height = static_cast<std::size_t>(tile.keep.height) * static_cast<std::size_t>(task.scale);
  base::parallel_for(height, 16, [&](std::size_t begin, std::size_t end) {
    LineMaker maker(tensor, tile, window, info, task);
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      if (!maker.make(y)) finite = false;
      sink(y, maker.lines());
    }
  });
  return finite;
}

bool place_alpha(std::span<const float> tensor, const Tile& tile, const net::Task& task, image::Picture& part) {
  const net::Range range = net::output_range(task);
  const auto width = static_cast<std::size_t>(tile.keep.width) * task.scale;
  const int channels = task.colour == net::Colour::rgb ? 3 : 1;
  std::atomic<bool> finite = true;
  base::parallel_for(static_cast<std::size_t>(part.height), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<float> line(width);
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      float* alpha = part.row(part.channels - 1, y).data();
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
