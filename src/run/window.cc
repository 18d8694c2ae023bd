#include "run/window.h"

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

Window::Window(image::PictureReader& reader, const net::Task& task) : reader_(reader), task_(task) {}

Result<void> Window::move_to(const image::Rectangle& area) {
  const image::PictureInfo& info = reader_.info();
  area_ = area;
  if (has_colours_of(info, task_)) return reader_.read_into(area, pixels_);
  MANTISSA_TRY(reader_.read_into(area, file_));
  const int beside = (keeps_chroma(info, task_) ? 2 : 0) + (info.has_alpha ? 1 : 0);
  pixels_.reshape(area.width, area.height, net::channels_of(task_.colour) + beside);
  to_network_rows(file_, info, task_, pixels_);
  return {};
}

std::span<const float> Window::plane_beside(int index) const {
  return pixels_.plane(net::channels_of(task_.colour) + index);
}

void Window::fill(std::span<float> tensor, const image::Rectangle& rectangle) const {
  for (int channel = 0; channel < net::channels_of(task_.colour); ++channel)
    fill_channel(tensor, channel, channel, rectangle);
}

void Window::fill_with_alpha(std::span<float> tensor, const image::Rectangle& rectangle) const {
  const int channels = net::channels_of(task_.colour);
  for (int channel = 0; channel < channels; ++channel) fill_channel(tensor, channel, pixels_.channels - 1, rectangle);
  if (task_.colour != net::Colour::ycbcr) return;
  const std::size_t pixels = static_cast<std::size_t>(rectangle.width) * static_cast<std::size_t>(rectangle.height);
  const float middle = (task_.range_low + task_.range_high) / 2;  // no chroma
  std::fill(tensor.begin() + static_cast<std::ptrdiff_t>(pixels),
            tensor.begin() + static_cast<std::ptrdiff_t>(3 * pixels), middle);
}

// Channel `channel` of the tensor, from plane `from` of the window.
void Window::fill_channel(std::span<float> tensor, int channel, int from, const image::Rectangle& rectangle) const {
  const image::PictureInfo& info = reader_.info();
  const int inside = std::min(rectangle.width, info.width - rectangle.x);
  const float low = task_.range_low;
  const float span = task_.range_high - task_.range_low;
  const auto height = static_cast<std::size_t>(rectangle.height), width = static_cast<std::size_t>(rectangle.width);
  base::parallel_for(height, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t line = first; line < last; ++line) {
      const int y = reflected(rectangle.y + static_cast<int>(line), info.height) - area_.y;
      const float* in = pixels_.row(from, y).data();
      float* out = tensor.data() + (static_cast<std::size_t>(channel) * height + line) * width;
      to_range(in + rectangle.x - area_.x, low, span, out, inside);
      for (int x = inside; x < rectangle.width; ++x)
        out[x] = low + in[reflected(rectangle.x + x, info.width) - area_.x] * span;
    }
  });
}

}  // namespace mantissa::run
