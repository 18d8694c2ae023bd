#include "net/condition.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

#include "net/network.h"

namespace mantissa::net {
namespace {

constexpr float kHighestLevel = 255;

std::optional<float> parse_level(std::string_view text) {
  float level = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), level);
  const bool good = failure == std::errc() && end == text.data() + text.size() && level >= 0 && level <= kHighestLevel;
  return good ? std::optional(level) : std::nullopt;
}

// "sigma", "noise_level", "NoiseMap", ...
bool speaks_of_noise(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return lower.find("sigma") != std::string::npos || lower.find("noise") != std::string::npos || lower == "level" ||
         lower == "map";
}

bool is_one_number(const ir::Value& value) {
  if (!value.shape || value.shape->size() > 4) return false;
  for (std::size_t d = 0; d < value.shape->size(); ++d) {
    const std::int64_t size = (*value.shape)[d].size;
    if (size != 1 && !(d == 0 && size < 0)) return false;  // of one picture, or of any number of them
  }
  return true;
}

bool is_plane(const ir::Value& value) {
  return value.shape && value.shape->size() == 4 && !((*value.shape)[2].size == 1 && (*value.shape)[3].size == 1);
}

bool is_map(const ir::Value& value) { return is_plane(value) && (*value.shape)[1].size == 1; }

bool takes_floats(const ir::Value& value) { return value.format == base::NumberFormat::float32; }

}  // namespace

Result<Levels> parse_levels(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto low = parse_level(text.substr(0, colon));
  const auto high = colon == std::string_view::npos ? low : parse_level(text.substr(colon + 1));
  if (!low || !high || *low > *high) {
    return usage_error("\"" + std::string(text) + "\" is no level of noise",
                       "Write one from 0 to 255, such as 25, or a range of them, such as 0:50");
  }
  return Levels{*low, *high};
}

std::string text_of(const Levels& levels) {
  char text[64];
  if (levels.low == levels.high)
    std::snprintf(text, sizeof text, "%g", static_cast<double>(levels.low));
  else
    std::snprintf(text, sizeof text, "%g:%g", static_cast<double>(levels.low), static_cast<double>(levels.high));
  return text;
}

std::optional<ConditionInput> find_condition(const ir::Graph& graph) {
  if (graph.inputs.size() != 2) return std::nullopt;
  std::optional<ConditionInput> found;
  for (const std::size_t i : {0U, 1U}) {
    const ir::Value& value = graph.value(graph.inputs[i]);
    const ConditionInput candidate{graph.inputs[1 - i], graph.inputs[i], is_map(value)};
    if (!(is_one_number(value) || candidate.is_map) || !takes_floats(value) || value.uses.empty()) continue;
    if (!speaks_of_noise(value.name) || !is_plane(graph.value(candidate.picture))) continue;
    if (found) return std::nullopt;  // either could be it
    found = candidate;
  }
  return found;
}

Result<void> state_levels(Task& task, const std::optional<std::string>& sigma) {
  if (sigma && !task.condition)
    return usage_error("the network has no input for the level of noise",
                       "Leave out --sigma; --degrade noise:25 adds noise");
  if (!task.condition) return {};
  if (!sigma) {
    return usage_error("the network wants to be told the level of noise (its input " + task.condition->input + ")",
                       "Say for which levels to make it: --sigma 25, or --sigma 0:50");
  }
  MANTISSA_ASSIGN(task.condition->levels, parse_levels(*sigma));
  return {};
}

Result<void> check_level(const Task& task, std::optional<double> sigma) {
  if (sigma && !task.condition)
    return usage_error("the network has no input for the level of noise", "Leave out --sigma");
  if (!task.condition) return {};
  if (!sigma) {
    return usage_error(
        "the network wants to be told the level of noise (its input " + task.condition->input + ")",
        "Give it, as in --sigma 25" +
            (task.condition->levels ? "; the release was made for " + text_of(*task.condition->levels) : ""));
  }
  if (!(*sigma >= 0 && *sigma <= static_cast<double>(kHighestLevel)))
    return usage_error("the level of noise is not in 0..255", "Give it in 8-bit levels, as in --sigma 25");
  return {};
}

}  // namespace mantissa::net
