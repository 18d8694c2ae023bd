// A network: a graph with its task, that is, what picture goes in and what picture comes out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/state_dict.h"
#include "mantissa/result.h"
#include "mantissa/task_overrides.h"
#include "net/condition.h"

namespace mantissa::net {

// The channels of the network's input and output.
enum class Colour {
  rgb,
  ycbcr,      // full-range BT.601 (JPEG), all three channels
  luminance,  // one channel: a grey picture, or Y of a colour picture whose chroma is resampled
};
[[nodiscard]] std::string_view name_of(Colour colour);
[[nodiscard]] std::optional<Colour> colour_named(std::string_view name);

// What black and white are in a network's numbers.
struct Range {
  float low = 0;
  float high = 1;
  [[nodiscard]] float span() const { return high - low; }
  bool operator==(const Range&) const = default;
};

struct Task {
  std::string kind = "restoration";  // "super-resolution", "denoising", ...
  Colour colour = Colour::rgb;
  int scale = 1;        // output pixels per input pixel, along a side
  float range_low = 0;  // what black and white are in the network's numbers, going in
  float range_high = 1;
  std::optional<Range> range_out = {};  // where they come out as others
  int size_multiple = 1;                // height and width of the input must be multiples of it
  // Receptive field: input pixels to each side that an output pixel depends on; nullopt: all of them.
  std::optional<int> radius;
  int stride = 1;  // tile origins must be multiples of it for a tile to see the same grid as the whole picture
  double bytes_per_pixel = 0;          // that its values take at once in float32 (geometry.h); 0: not known
  std::optional<Condition> condition;  // a second input, beside the picture
  std::vector<std::string> assumed;    // facts above that were guessed rather than known, for the user: "range 0..1"
};

[[nodiscard]] inline Range output_range(const Task& task) {
  return task.range_out.value_or(Range{task.range_low, task.range_high});
}

[[nodiscard]] inline int channels_of(Colour colour) { return colour == Colour::luminance ? 1 : 3; }

// No longer assumed then. `out`: where black and white come out as others.
void set_range(Task& task, Range in, std::optional<Range> out = {});

// Errors (usage): a range that is not two finite numbers in rising order, an unknown colour,
// the wrong number of channels.
[[nodiscard]] Result<void> override_task(Task& task, const TaskOverrides& overrides);

struct Network {
  ir::Graph graph;
  Task task;
  std::string architecture;                                          // "SRVGGNetCompact"; empty when no known one
  std::vector<std::pair<std::string, std::string>> hyperparameters;  // {"features", "64"}, ...
  // The weights under the keys that they came with; for a network from ONNX, its constants under their names.
  ir::StateDict checkpoint;
};

}  // namespace mantissa::net
