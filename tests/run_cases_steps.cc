#include <algorithm>
#include <vector>

#include "net/free_sizes.h"
#include "pass/channels_last_to_first.h"
#include "pass/emulate_rounding.h"
#include "pass/flush_tiny_weights.h"
#include "pass/fuse_batch_normalization.h"
#include "pass/fuse_bias.h"
#include "pass/fuse_depth_to_space.h"
#include "pass/fuse_gelu.h"
#include "pass/fuse_prelu.h"
#include "pass/insert_taps.h"
#include "pass/keep_reduced_dimensions.h"
#include "pass/lower_to_half.h"
#include "pass/lower_to_qdq.h"
#include "pass/put_channels_first.h"
#include "pass/scale_input_to_levels.h"
#include "pass/spell_out_prelu.h"
#include "pass/widen_halves.h"
#include "run_cases.h"

namespace mantissa::cases {
namespace {

// "lower_to_qdq closed" or "lower_to_qdq inputs_only".
Result<void> lower_to_qdq(ir::Graph& graph, std::string_view style) {
  if (style == "closed") return pass::lower_to_qdq(graph, pass::QdqStyle::closed);
  if (style == "inputs_only") return pass::lower_to_qdq(graph, pass::QdqStyle::inputs_only);
  return usage_error("lower_to_qdq takes \"closed\" or \"inputs_only\"");
}

// "insert_taps a b": the names of the values.
Result<void> insert_taps(ir::Graph& graph, std::string_view names) {
  std::vector<ir::ValueId> values;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    const auto value = graph.find_value(name);
    if (!value) return usage_error("the graph has no value " + std::string(name));
    values.push_back(*value);
  }
  pass::insert_taps(graph, values);
  return {};
}

struct Row {
  std::string_view name;
  Step step;
};

// "pass <name>" for a graph rewrite; other steps have names of their own.
constexpr Row rows[] = {
    {"erase_unused",
     [](ir::Graph& graph, std::string_view) -> Result<void> { return graph.erase_unused(), Result<void>(); }},
    {"channels_last_to_first", [](ir::Graph& graph, std::string_view) { return pass::channels_last_to_first(graph); }},
    {"emulate_rounding", [](ir::Graph& graph, std::string_view) { return pass::emulate_rounding(graph); }},
    {"flush_tiny_weights", [](ir::Graph& graph, std::string_view) { return pass::flush_tiny_weights(graph); }},
    {"free_sizes",
     [](ir::Graph& graph, std::string_view) -> Result<void> {
       const std::string obstacle = net::free_sizes(graph);
       return obstacle.empty() ? Result<void>() : unsupported(obstacle);
     }},
    {"fuse_batch_normalization",
     [](ir::Graph& graph, std::string_view) { return pass::fuse_batch_normalization(graph); }},
    {"fuse_bias", [](ir::Graph& graph, std::string_view) { return pass::fuse_bias(graph); }},
    {"fuse_depth_to_space",
     [](ir::Graph& graph, std::string_view) -> Result<void> {
       return pass::fuse_depth_to_space(graph), Result<void>();
     }},
    {"fuse_gelu",
     [](ir::Graph& graph, std::string_view) -> Result<void> { return pass::fuse_gelu(graph), Result<void>(); }},
    {"fuse_prelu",
     [](ir::Graph& graph, std::string_view) -> Result<void> { return pass::fuse_prelu(graph), Result<void>(); }},
    {"insert_taps", insert_taps},
    {"keep_reduced_dimensions",
     [](ir::Graph& graph, std::string_view) -> Result<void> {
       return pass::keep_reduced_dimensions(graph), Result<void>();
     }},
    {"lower_to_half", [](ir::Graph& graph, std::string_view) { return pass::lower_to_half(graph); }},
    {"lower_to_qdq", lower_to_qdq},
    {"put_channels_first",
     [](ir::Graph& graph, std::string_view) -> Result<void> {
       return pass::put_channels_first(graph), Result<void>();
     }},
    {"scale_input_to_levels",  // of 8 bits, from 0 to 1
     [](ir::Graph& graph, std::string_view) { return pass::scale_input_to_levels(graph, 255); }},
    {"spell_out_prelu", [](ir::Graph& graph, std::string_view) { return pass::spell_out_prelu(graph); }},
    {"widen_halves", [](ir::Graph& graph, std::string_view) { return pass::widen_halves(graph); }},
};

}  // namespace

Step step_named(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.step;
  }
  return nullptr;
}

}  // namespace mantissa::cases
