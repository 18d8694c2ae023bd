// The condition of a network: what it is told beside the picture, in a second input. Today that is how strong the noise
// is, as one number or as a map that holds it for every pixel.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::net {

// Strengths of noise in 8-bit levels (standard deviation times 255), as users state them: "25", or "0:50".
struct Levels {
  float low = 0;
  float high = 0;
  [[nodiscard]] float middle() const { return (low + high) / 2; }
  bool operator==(const Levels&) const = default;
};
// Errors (usage): neither one number nor two in rising order, a number outside 0..255.
[[nodiscard]] Result<Levels> parse_levels(std::string_view text);
[[nodiscard]] std::string text_of(const Levels& levels);  // as it would be typed

struct Condition {
  std::string input;             // its name in the graph
  bool is_map = false;           // one number otherwise
  int step = 1;                  // input pixels for each element of a map, along a side
  float divisor = 255;           // the network's number for a level is level / divisor
  std::optional<Levels> levels;  // what a release was calibrated and judged for

  [[nodiscard]] float number_of(float level) const { return level / divisor; }
};

// What the graph itself says of its second input; nullopt unless it has one picture and one input with a single channel
// that is used, is called something like sigma or noise level, and is either one number or as large as the picture or a
// whole fraction of it.
struct ConditionInput {
  ir::ValueId picture;
  ir::ValueId condition;
  bool is_map = false;
};
[[nodiscard]] std::optional<ConditionInput> find_condition(const ir::Graph& graph);

struct Task;
// For a release. Errors (usage): the network has a condition and `sigma` is not stated, or the other way round; those
// of parse_levels.
[[nodiscard]] Result<void> state_levels(Task& task, const std::optional<std::string>& sigma);
// For one picture. Errors (usage): as above.
[[nodiscard]] Result<void> check_level(const Task& task, std::optional<double> sigma);

}  // namespace mantissa::net
