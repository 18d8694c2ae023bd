#include "run/strip.h"

#include <algorithm>
#include <utility>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "run/network_colours.h"

namespace mantissa::run {

using image::Picture;

namespace {

constexpr int kRowsAtOnce = 64;  // that are read: the numbers of a file's row take as much as those of the strip

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

// The `kept` rows at the end of the strip go to its beginning, in the same memory where `rows` fit into it.
void Strip::make_room(int kept, int rows) {
  const auto first = static_cast<std::size_t>(end_ - kept - begin_) * static_cast<std::size_t>(rows_.width);
  const auto count = static_cast<std::size_t>(kept) * static_cast<std::size_t>(rows_.width);
  Picture larger = rows > rows_.height ? Picture(rows_.width, rows, rows_.channels) : Picture();
  Picture& to = rows > rows_.height ? larger : rows_;
  for (int channel = 0; channel < rows_.channels; ++channel) {
    const auto from = std::as_const(rows_).plane(channel).subspan(first, count);
    std::copy(from.begin(), from.end(), to.plane(channel).begin());  // never behind where it is read
  }
  if (rows > rows_.height) rows_ = std::move(larger);
}

Result<void> Strip::move_to(int begin, int end) {
  const int kept = std::max(end_ - begin, 0);
  make_room(kept, end - begin);
  begin_ = begin;
  end_ = end;
  for (int y = begin + kept; y < end; y += kRowsAtOnce) {
    const int count = std::min(kRowsAtOnce, end - y);
    MANTISSA_ASSIGN(const Picture fresh, reader_.read({0, y, rows_.width, count}));
    to_network_rows(fresh, reader_.info(), task_, rows_, y - begin);
  }
  return {};
}

std::span<const float> Strip::plane_beside(int index) const {
  const auto plane = rows_.plane(net::channels_of(task_.colour) + index);
  return plane.first(static_cast<std::size_t>(end_ - begin_) * rows_.width);
}

void Strip::fill(std::span<float> tensor, const image::Rectangle& rectangle) const {
  for (int channel = 0; channel < net::channels_of(task_.colour); ++channel)
    fill_channel(tensor, channel, channel, rectangle);
}

void Strip::fill_with_alpha(std::span<float> tensor, const image::Rectangle& rectangle) const {
  const int channels = net::channels_of(task_.colour);
  for (int channel = 0; channel < channels; ++channel) fill_channel(tensor, channel, rows_.channels - 1, rectangle);
  if (task_.colour != net::Colour::ycbcr) return;
  const std::size_t pixels = static_cast<std::size_t>(rectangle.width) * static_cast<std::size_t>(rectangle.height);
  const float middle = (task_.range_low + task_.range_high) / 2;  // no chroma
  std::fill(tensor.begin() + static_cast<std::ptrdiff_t>(pixels),
            tensor.begin() + static_cast<std::ptrdiff_t>(3 * pixels), middle);
}

// Channel `channel` of the tensor, from plane `from` of the strip.
void Strip::fill_channel(std::span<float> tensor, int channel, int from, const image::Rectangle& rectangle) const {
  const image::PictureInfo& info = reader_.info();
  const int inside = std::min(rectangle.width, info.width - rectangle.x);
  const float low = task_.range_low;
  const float span = task_.range_high - task_.range_low;
  const auto height = static_cast<std::size_t>(rectangle.height), width = static_cast<std::size_t>(rectangle.width);
  base::parallel_for(height, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t line = first; line < last; ++line) {
      const int y = reflected(rectangle.y + static_cast<int>(line), info.height) - begin_;
      const float* in = rows_.row(from, y).data();
      float* out = tensor.data() + (static_cast<std::size_t>(channel) * height + line) * width;
      to_range(in + rectangle.x, low, span, out, inside);
      for (int x = inside; x < rectangle.width; ++x) out[x] = low + in[reflected(rectangle.x + x, info.width)] * span;
    }
  });
}

}  // namespace mantissa::run
