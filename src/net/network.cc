#include "net/network.h"

#include <charconv>
#include <cmath>

namespace mantissa::net {
namespace {

struct ColourName {
  Colour colour;
  std::string_view name;
};
constexpr ColourName kColours[] = {{Colour::rgb, "rgb"}, {Colour::ycbcr, "ycbcr"}, {Colour::luminance, "luminance"}};

std::optional<float> finite_number(std::string_view text) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// What the user has said is no longer assumed.
void drop_assumption(Task& task, std::string_view about) {
  std::erase_if(task.assumed, [&](const std::string& fact) { return fact.starts_with(about); });
}

Result<Range> range_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto low = finite_number(text.substr(0, colon));
  const auto high = finite_number(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!low || !high || !(*low < *high)) {
    return usage_error("the range \"" + std::string(text) + "\" is not two numbers in rising order",
                       "Write it as 0:255, or as -1:1,0:1 where black and white come out as other numbers");
  }
  return Range{*low, *high};
}

// "0:255", or in and out apart: "-1:1,0:1".
Result<void> set_range(Task& task, std::string_view text) {
  const std::size_t comma = text.find(',');
  MANTISSA_ASSIGN(const Range in, range_of(text.substr(0, comma)));
  std::optional<Range> out;
  if (comma != std::string_view::npos) {
    MANTISSA_ASSIGN(out, range_of(text.substr(comma + 1)));
  }
  set_range(task, in, out);
  return {};
}

Result<void> set_colour(Task& task, std::string_view name) {
  const std::optional<Colour> colour = colour_named(name);
  if (!colour) return usage_error("there is no colour \"" + std::string(name) + "\"", "Choose rgb, ycbcr or luminance");
  if (channels_of(*colour) != channels_of(task.colour)) {
    const auto channels = [](Colour of) { return channels_of(of) == 1 ? "one channel" : "three channels"; };
    return usage_error(std::string(name) + " has " + channels(*colour) + ", and the network takes " +
                       channels(task.colour));
  }
  task.colour = *colour;
  drop_assumption(task, "colour");
  return {};
}

}  // namespace

std::string_view name_of(Colour colour) {
  for (const ColourName& each : kColours) {
    if (each.colour == colour) return each.name;
  }
  return "";
}

std::optional<Colour> colour_named(std::string_view name) {
  for (const ColourName& each : kColours) {
    if (each.name == name) return each.colour;
  }
  return std::nullopt;
}

void set_range(Task& task, Range in, std::optional<Range> out) {
  task.range_low = in.low;
  task.range_high = in.high;
  task.range_out = out;
  drop_assumption(task, "range");
  // Noise is as strong as before, in numbers that span more or less.
  if (task.condition) task.condition->divisor = 255 / in.span();
}

Result<void> override_task(Task& task, const TaskOverrides& overrides) {
  if (overrides.range) MANTISSA_TRY(set_range(task, *overrides.range));
  if (overrides.colour) MANTISSA_TRY(set_colour(task, *overrides.colour));
  return {};
}

}  // namespace mantissa::net
