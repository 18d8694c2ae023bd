#include "run/condition_tensor.h"

#include <functional>
#include <numeric>

namespace mantissa::run {

std::vector<std::int64_t> condition_shape(std::span<const std::int64_t> declared, std::span<const std::int64_t> picture,
                                          int map_step) {
  std::vector<std::int64_t> shape(declared.begin(), declared.end());
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] >= 0) continue;
    const bool along_picture = shape.size() == 4 && picture.size() == 4 && d >= 2;
    shape[d] = along_picture ? picture[d] / map_step : 1;
  }
  return shape;
}

void fill_condition(std::span<const std::int64_t> shape, float number, std::vector<float>& values) {
  const std::int64_t count = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  values.assign(static_cast<std::size_t>(count), number);
}

Result<void> check_inputs(std::span<const std::string> names) {
  if (names.size() == 1 || names.size() == 2) return {};
  return unsupported(
      "the network has " + std::to_string(names.size()) + " inputs, and only a picture and one more can be fed",
      "Make the other inputs constants");
}

Error condition_is_missing(const std::string& input) {
  return unsupported("the network has a second input, " + input + ", and nothing is known to feed it",
                     "Make it a constant");
}

}  // namespace mantissa::run
