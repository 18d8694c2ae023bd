#include "base/progress_line.h"

#include <algorithm>
#include <cmath>

namespace mantissa::base {
namespace {

// "0:07", "12:34", "1:02:03"
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::min(seconds, 359999.0)));
  const auto two_digits = [](std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  const std::int64_t hours = whole / 3600;
  const std::int64_t minutes = whole / 60 % 60;
  const std::string rest = ":" + two_digits(whole % 60);
  return hours > 0 ? std::to_string(hours) + ":" + two_digits(minutes) + rest : std::to_string(minutes) + rest;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// In columns, taking each character of UTF-8 for one.
std::size_t width_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string cut(std::string text, std::size_t width) {
  std::size_t end = 0;
  for (std::size_t columns = 0; end < text.size(); ++end) {
    if (!continues_character(text[end]) && columns++ == width) break;
  }
  text.resize(end);
  return text;
}

std::string bar(double part, std::size_t length) {
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(length));
  return "[" + std::string(filled, '#') + std::string(length - filled, '.') + "] ";
}

}  // namespace

std::string progress_line(std::string_view given_title, std::int64_t done, std::int64_t total, std::string_view unit,
                          double seconds, std::size_t width) {
  std::string title = without_control_characters(given_title) + " ";
  std::replace(title.begin(), title.end(), '\n', ' ');
  const std::string of_unit = unit.empty() ? "" : " " + std::string(unit);
  if (total <= 0) return cut(title + std::to_string(done) + of_unit + ", " + clock_text(seconds), width);

  done = std::clamp<std::int64_t>(done, 0, total);
  const double part = static_cast<double>(done) / static_cast<double>(total);
  std::string numbers = std::to_string(static_cast<int>(100 * part)) + "% " + std::to_string(done) + "/" +
                        std::to_string(total) + of_unit;
  if (done > 0) numbers += ", " + clock_text(seconds * (1 - part) / part) + " left";

  constexpr std::size_t longest_bar = 30;
  constexpr std::size_t shortest_bar = 5;
  constexpr std::size_t frame = 3;  // brackets and the space behind them
  const std::size_t taken = width_of(title) + width_of(numbers) + frame;
  const std::size_t length = taken < width ? std::min(width - taken, longest_bar) : 0;
  return cut(title + (length >= shortest_bar ? bar(part, length) : "") + numbers, width);
}

std::string without_control_characters(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(),
      [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return (code < 0x20 && letter != '\n') || code == 0x7F;
      },
      '?');
  return clean;
}

}  // namespace mantissa::base
