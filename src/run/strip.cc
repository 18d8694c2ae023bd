#include "run/strip.h"

#include <algorithm>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "run/network_colours.h"

namespace mantissa::run {

using image::Picture;

namespace {

MANTISSA_FOR_EACH_PROCESSOR void to_range(const float* in, float low, float span, float* __restrict out, int count) {
  for (int i = 0; i < count; ++i) out[i] = low + in[i] * span;
}

}  // namespace

int reflected(int position, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  position = ((position % period) + period) % period;
  return std::min(position, period - position);
}

Strip::Strip(image::PictureReader& reader, const net::Task& task) : reader_(reader), task_(task) {
  const image::PictureInfo& info = reader.info();
  const int beside = (keeps_chroma(info, task) ? 2 : 0) + (info.has_alpha ? 1 : 0);
  rows_ = Picture(info.width, 0, net::channels_of(task.colour) + beside);
}

Result<void> Strip::move_to(int begin, int end) {
  const int kept = std::max(end_ - begin, 0);
  const Picture above = image::crop(rows_, {0, kept > 0 ? begin - begin_ : 0, rows_.width, kept});
  if (end - begin > rows_.height) rows_ = Picture(rows_.width, end - begin, rows_.channels);
  for (int channel = 0; channel < rows_.channels; ++channel)
    std::copy(above.plane(channel).begin(), above.plane(channel).end(), rows_.plane(channel).begin());
  begin_ = begin;
  end_ = end;
  if (begin + kept == end) return {};
  MANTISSA_ASSIGN(const Picture fresh, reader_.read({0, begin + kept, rows_.width, end - begin - kept}));
  to_network_rows(fresh, reader_.info(), task_, rows_, kept);
  return {};
}

std::span<const float> Strip::plane_beside(int index) const {
  const auto plane = rows_.plane(net::channels_of(task_.colour) + index);
  return plane.first(static_cast<std::size_t>(end_ - begin_) * rows_.width);
}

void Strip::fill(std::span<float> tensor, const image::Rectangle& rectangle) const {
  const image::PictureInfo& info = reader_.info();
  const int inside = std::min(rectangle.width, info.width - rectangle.x);
  const float low = task_.range_low;
  const float span = task_.range_high - task_.range_low;
  const auto lines = static_cast<std::size_t>(net::channels_of(task_.colour)) * rectangle.height;
  base::parallel_for(lines, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t line = first; line < last; ++line) {
      const int channel = static_cast<int>(line) / rectangle.height;
      const int y = rectangle.y + static_cast<int>(line) % rectangle.height;
      const float* in = rows_.row(channel, reflected(y, info.height) - begin_).data();
      float* out = tensor.data() + line * rectangle.width;
      to_range(in + rectangle.x, low, span, out, inside);
      for (int x = inside; x < rectangle.width; ++x) out[x] = low + in[reflected(rectangle.x + x, info.width)] * span;
    }
  });
}

}  // namespace mantissa::run
