#include "run/strip.h"

#include <algorithm>
#include <utility>

#include "base/threads.h"
#include "run/network_colours.h"
#include "run/restore.h"

namespace mantissa::run {

using image::Picture;

namespace {

// `above` without its first rows, and `below` under it.
Picture stack(const Picture& above, int first_row, const Picture& below) {
  Picture result(below.width, above.height - first_row + below.height, below.channels);
  for (int channel = 0; channel < result.channels; ++channel) {
    float* out = result.plane(channel).data();
    const auto kept = above.plane(channel).subspan(static_cast<std::size_t>(first_row) * above.width);
    out = std::copy(kept.begin(), kept.end(), out);
    std::copy(below.plane(channel).begin(), below.plane(channel).end(), out);
  }
  return result;
}

}  // namespace

int reflected(int position, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  position = ((position % period) + period) % period;
  return std::min(position, period - position);
}

Strip::Strip(image::PictureReader& reader, const net::Task& task) : reader_(reader), task_(task) {}

Result<void> Strip::move_to(int begin, int end) {
  const int read_end = begin_ + rows_.height;
  const int first_new = std::max(begin, read_end);
  Picture fresh;
  if (first_new < end) {
    MANTISSA_ASSIGN(fresh, reader_.read({0, first_new, reader_.info().width, end - first_new}));
  } else {
    fresh = Picture(reader_.info().width, 0, rows_.channels);
  }
  rows_ = begin < read_end ? stack(rows_, begin - begin_, fresh) : std::move(fresh);
  begin_ = begin;

  const image::PictureInfo& info = reader_.info();
  converted_ = {};
  if (!has_colours_of(info, task_))
    converted_ = to_network_colours(info.has_alpha ? image::select_channels(rows_, 0, info.channels) : rows_, task_);
  return {};
}

void Strip::fill(std::span<float> tensor, const image::Rectangle& rectangle) const {
  const Picture& source = converted_.samples.empty() ? rows_ : converted_;
  const image::PictureInfo& info = reader_.info();
  const int inside = std::min(rectangle.width, info.width - rectangle.x);
  const float low = task_.range_low;
  const float span = task_.range_high - task_.range_low;
  const auto lines = static_cast<std::size_t>(source.channels) * rectangle.height;
  base::parallel_for(lines, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t line = first; line < last; ++line) {
      const int channel = static_cast<int>(line) / rectangle.height;
      const int y = rectangle.y + static_cast<int>(line) % rectangle.height;
      const float* in = source.row(channel, reflected(y, info.height) - begin_).data();
      float* out = tensor.data() + line * rectangle.width;
      for (int x = 0; x < inside; ++x) out[x] = low + in[rectangle.x + x] * span;
      for (int x = inside; x < rectangle.width; ++x) out[x] = low + in[reflected(rectangle.x + x, info.width)] * span;
    }
  });
}

}  // namespace mantissa::run
