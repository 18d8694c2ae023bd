#include "ir/text_numbers.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace mantissa::ir::text {
namespace {

constexpr std::string_view nan_with_bits = "nan:";

template <class Float>
using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;

template <class Float>
std::string print(Float value) {
  std::array<char, 32> text{};
  if (std::isnan(value)) {
    const auto bits = std::bit_cast<Bits<Float>>(value);
    if (bits == std::bit_cast<Bits<Float>>(std::numeric_limits<Float>::quiet_NaN())) return "nan";
    const auto end = std::to_chars(text.data(), text.data() + text.size(), bits, 16).ptr;
    return std::string(nan_with_bits).append(text.data(), end);
  }
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class Number, class... Base>
std::optional<Number> read(std::string_view text, Base... base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Float>
std::optional<Float> read_real(std::string_view text) {
  if (!text.starts_with(nan_with_bits)) return read<Float>(text);
  const auto bits = read<Bits<Float>>(text.substr(nan_with_bits.size()), 16);
  if (!bits || !std::isnan(std::bit_cast<Float>(*bits))) return std::nullopt;
  return std::bit_cast<Float>(*bits);
}

}  // namespace

std::string number(float value) { return print(value); }
std::string number(double value) { return print(value); }

std::string real(float value) {
  std::string text = number(value);
  if (text.find_first_of(".einf") == std::string::npos) text += ".0";
  return text;
}

std::optional<float> to_float(std::string_view text) { return read_real<float>(text); }
std::optional<double> to_double(std::string_view text) { return read_real<double>(text); }
std::optional<std::int64_t> to_integer(std::string_view text) { return read<std::int64_t>(text); }
std::optional<std::uint64_t> to_unsigned(std::string_view text) { return read<std::uint64_t>(text); }

}  // namespace mantissa::ir::text
