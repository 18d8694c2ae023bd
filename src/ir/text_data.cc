#include "ir/text_data.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/files.h"
#include "ir/text_numbers.h"

namespace mantissa::ir::text {
namespace {

using base::NumberFormat;

template <class T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// The elements as numbers; empty where the tensor's bytes do not fit.
std::vector<std::string> numbers_of(const Tensor& tensor) {
  std::vector<std::string> words;
  if (!tensor.fits()) return words;
  if (tensor.format == NumberFormat::float64 || tensor.format == NumberFormat::uint64) {
    for (std::size_t i = 0; i < tensor.bytes.size(); i += 8) {
      const std::byte* element = tensor.bytes.data() + i;
      words.push_back(tensor.format == NumberFormat::float64 ? number(load<double>(element))
                                                             : std::to_string(load<std::uint64_t>(element)));
    }
  } else if (base::is_floating(tensor.format)) {
    const auto values = tensor.floats();
    for (std::size_t i = 0; values.ok() && i < values->size(); ++i) words.push_back(number((*values)[i]));
  } else {
    const auto values = tensor.integers();
    for (std::size_t i = 0; values.ok() && i < values->size(); ++i) words.push_back(std::to_string((*values)[i]));
  }
  return words;
}

bool same(const base::Bytes& left, const base::Bytes& right) {
  return std::equal(left.span().begin(), left.span().end(), right.span().begin(), right.span().end());
}

Error no_number(const std::string& word, NumberFormat format) {
  return bad_input("\"" + word + "\" is not a number of " + std::string(base::name_of(format)));
}

template <class T, class Read>
Result<base::Bytes> bytes_of(NumberFormat format, const std::vector<std::string>& words, Read read) {
  std::vector<T> values;
  for (const std::string& word : words) {
    const auto value = read(word);
    if (!value || !std::in_range<T>(*value)) return no_number(word, format);
    values.push_back(static_cast<T>(*value));
  }
  return base::Bytes::take(std::move(values));
}

Result<base::Bytes> bytes_of_nibbles(NumberFormat format, const std::vector<std::string>& words) {
  const std::int64_t low = format == NumberFormat::int4 ? -8 : 0;
  std::vector<std::uint8_t> packed((words.size() + 1) / 2);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = to_integer(words[i]);
    if (!value || *value < low || *value > low + 15) return no_number(words[i], format);
    packed[i / 2] = static_cast<std::uint8_t>(packed[i / 2] | (*value & 0xF) << (i % 2 * 4));
  }
  return base::Bytes::take(std::move(packed));
}

Result<base::Bytes> bytes_of_floats(NumberFormat format, const std::vector<std::string>& words) {
  std::vector<float> values;
  for (const std::string& word : words) {
    const auto value = to_float(word);
    if (!value) return no_number(word, format);
    values.push_back(*value);
  }
  if (format == NumberFormat::float32) return base::Bytes::take(std::move(values));
  return base::from_floats(format, values, base::Overflow::infinity);
}

Result<base::Bytes> bytes_of_doubles(const std::vector<std::string>& words) {
  std::vector<double> values;
  for (const std::string& word : words) {
    const auto value = to_double(word);
    if (!value) return no_number(word, NumberFormat::float64);
    values.push_back(*value);
  }
  return base::Bytes::take(std::move(values));
}

}  // namespace

std::string data(const Tensor& tensor) {
  const std::vector<std::string> words = numbers_of(tensor);
  const auto back = bytes_of_numbers(tensor.format, words);
  std::string text = "{";
  if (back.ok() && same(*back, tensor.bytes)) {
    for (const std::string& word : words) text += (text.size() > 1 ? ", " : "") + word;
    return text + "}";
  }
  constexpr std::string_view digits = "0123456789abcdef";
  text += "hex ";
  for (const std::byte byte : tensor.bytes.span()) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4U];
    text += digits[std::to_integer<std::size_t>(byte) & 0xFU];
  }
  return text + "}";
}

std::string checksum(const Tensor& tensor) {
  return "{sha256 " + base::sha256(tensor.bytes.span()).substr(0, 16) + "}";
}

Result<base::Bytes> bytes_of_numbers(NumberFormat format, const std::vector<std::string>& words) {
  switch (format) {
    case NumberFormat::int4:
    case NumberFormat::uint4:
      return bytes_of_nibbles(format, words);
    case NumberFormat::int8:
      return bytes_of<std::int8_t>(format, words, to_integer);
    case NumberFormat::boolean:
    case NumberFormat::uint8:
      return bytes_of<std::uint8_t>(format, words, to_integer);
    case NumberFormat::int16:
      return bytes_of<std::int16_t>(format, words, to_integer);
    case NumberFormat::uint16:
      return bytes_of<std::uint16_t>(format, words, to_integer);
    case NumberFormat::int32:
      return bytes_of<std::int32_t>(format, words, to_integer);
    case NumberFormat::uint32:
      return bytes_of<std::uint32_t>(format, words, to_integer);
    case NumberFormat::int64:
      return bytes_of<std::int64_t>(format, words, to_integer);
    case NumberFormat::uint64:
      return bytes_of<std::uint64_t>(format, words, to_unsigned);
    case NumberFormat::float64:
      return bytes_of_doubles(words);
    case NumberFormat::string:
      return bad_input("a constant of strings cannot be held");
    default:
      return bytes_of_floats(format, words);
  }
}

Result<base::Bytes> bytes_of_hex(std::string_view digits) {
  constexpr std::string_view known = "0123456789abcdef";
  if (digits.size() % 2 != 0) return bad_input("these are half bytes");
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::size_t high = known.find(digits[i]);
    const std::size_t low = known.find(digits[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return bad_input("these are not hexadecimal digits");
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return base::Bytes::take(std::move(bytes));
}

}  // namespace mantissa::ir::text
