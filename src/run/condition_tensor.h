// The second tensor of a network that takes a condition, for engines: one number, or a map that holds it everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::run {

// The shape of the second input for a picture of this shape. `declared` is what the file says, -1 where it leaves a
// size open: an open height or width is the picture's, divided by `map_step`; any other open size is 1.
[[nodiscard]] std::vector<std::int64_t> condition_shape(std::span<const std::int64_t> declared,
                                                        std::span<const std::int64_t> picture, int map_step);

// As many copies of the number as that shape has elements, in `values`, whose memory is used again.
void fill_condition(std::span<const std::int64_t> shape, float number, std::vector<float>& values);

// What engines say about inputs that they cannot feed: there are at most two.
[[nodiscard]] Result<void> check_inputs(std::span<const std::string> names);
// Of a run without set_condition().
[[nodiscard]] Error condition_is_missing(const std::string& input);

}  // namespace mantissa::run
