#include "ir/text_parts.h"

#include <algorithm>

#include "ir/text_data.h"
#include "ir/text_numbers.h"

namespace mantissa::ir::text {
namespace {

Result<Dimension> read_dimension(Tokens& tokens) {
  Dimension dimension;
  MANTISSA_ASSIGN(const bool unknown, tokens.accept("?"));
  if (unknown) return dimension;
  MANTISSA_ASSIGN(Token first, tokens.name());
  const auto size = first.kind == Token::Kind::word ? to_integer(first.text) : std::nullopt;
  if (!size) {
    dimension.symbol = std::move(first.text);
    return dimension;
  }
  if (*size < 0) return tokens.error(first, "a size cannot be negative; ? is an unknown one");
  dimension.size = *size;
  MANTISSA_ASSIGN(const bool has_symbol, tokens.accept("="));
  if (has_symbol) {
    MANTISSA_ASSIGN(Token symbol, tokens.name());
    dimension.symbol = std::move(symbol.text);
  }
  return dimension;
}

// ": float32[1,h]", after the colon
Result<void> read_type(Tokens& tokens, ValueText& value) {
  MANTISSA_ASSIGN(const bool unknown_format, tokens.accept("?"));
  if (!unknown_format) {
    MANTISSA_ASSIGN(value.format, tokens.format());
  }
  MANTISSA_TRY(tokens.expect("["));
  MANTISSA_ASSIGN(const bool unknown_rank, tokens.accept("*"));
  if (unknown_rank) return tokens.expect("]");
  Shape shape;
  MANTISSA_TRY(tokens.list("]", [&]() -> Result<void> {
    MANTISSA_ASSIGN(Dimension dimension, read_dimension(tokens));
    shape.push_back(std::move(dimension));
    return {};
  }));
  value.shape = std::move(shape);
  return {};
}

// One number, or several in brackets.
template <class Number, class Read>
Result<std::vector<Number>> one_or_more(Tokens& tokens, Read read) {
  std::vector<Number> numbers;
  const auto next = [&]() -> Result<void> {
    MANTISSA_ASSIGN(const Number number, read());
    numbers.push_back(number);
    return {};
  };
  MANTISSA_ASSIGN(const bool several, tokens.accept("["));
  MANTISSA_TRY(several ? tokens.list("]", next) : next());
  return numbers;
}

Result<Quantization> read_quantization(Tokens& tokens) {
  Quantization held;
  MANTISSA_ASSIGN(held.format, tokens.format());
  MANTISSA_TRY(tokens.expect("("));
  MANTISSA_ASSIGN(const bool has_axis, tokens.accept_word("axis"));
  if (has_axis) {
    MANTISSA_TRY(tokens.expect("="));
    MANTISSA_ASSIGN(held.axis, tokens.small_integer());
    MANTISSA_TRY(tokens.expect(","));
  }
  MANTISSA_ASSIGN(const bool has_block, tokens.accept_word("block"));
  if (has_block) {
    MANTISSA_TRY(tokens.expect("="));
    MANTISSA_ASSIGN(held.block, tokens.small_integer());
    MANTISSA_TRY(tokens.expect(","));
  }
  MANTISSA_TRY(tokens.expect_word("scale"));
  MANTISSA_TRY(tokens.expect("="));
  MANTISSA_ASSIGN(held.scales, one_or_more<float>(tokens, [&] { return tokens.real(); }));
  held.zero_points.assign(held.scales.size(), 0);
  MANTISSA_ASSIGN(const bool has_zero_points, tokens.accept(","));
  if (has_zero_points) {
    MANTISSA_TRY(tokens.expect_word("zero"));
    MANTISSA_TRY(tokens.expect("="));
    MANTISSA_ASSIGN(held.zero_points, one_or_more<std::int32_t>(tokens, [&] { return tokens.small_integer(); }));
  }
  MANTISSA_TRY(tokens.expect(")"));
  return held;
}

// The elements of a list attribute are all of one kind; the first decides.
Result<Attribute> read_list(Tokens& tokens) {
  std::vector<std::int64_t> integers;
  std::vector<float> floats;
  std::vector<std::string> strings;
  MANTISSA_TRY(tokens.list("]", [&]() -> Result<void> {
    MANTISSA_ASSIGN(const Token next, tokens.peek());
    if (next.kind == Token::Kind::string && integers.empty() && floats.empty()) {
      MANTISSA_ASSIGN(std::string text, tokens.string());
      strings.push_back(std::move(text));
    } else if (floats.empty() && strings.empty() && to_integer(next.text)) {
      MANTISSA_ASSIGN(const std::int64_t value, tokens.integer());
      integers.push_back(value);
    } else if (integers.empty() && strings.empty() && !to_integer(next.text)) {
      MANTISSA_ASSIGN(const float value, tokens.real());
      floats.push_back(value);
    } else {
      return tokens.error(next, "the elements of a list must be of one kind: 1 is an integer, 1.0 is not");
    }
    return {};
  }));
  if (!strings.empty()) return Attribute(std::move(strings));
  if (!floats.empty()) return Attribute(std::move(floats));
  return Attribute(std::move(integers));
}

}  // namespace

Result<ValueText> read_value(Tokens& tokens) {
  ValueText value;
  MANTISSA_TRY(tokens.expect("%"));
  MANTISSA_ASSIGN(value.name, tokens.name());
  MANTISSA_ASSIGN(const bool has_type, tokens.accept(":"));
  if (!has_type) return value;
  MANTISSA_TRY(read_type(tokens, value));
  MANTISSA_ASSIGN(const bool is_quantized, tokens.accept("~"));
  if (is_quantized) {
    MANTISSA_ASSIGN(value.quantization, read_quantization(tokens));
  }
  return value;
}

Result<std::vector<std::int64_t>> read_sizes(Tokens& tokens) {
  std::vector<std::int64_t> sizes;
  MANTISSA_TRY(tokens.expect("["));
  MANTISSA_TRY(tokens.list("]", [&]() -> Result<void> {
    MANTISSA_ASSIGN(const std::int64_t size, tokens.integer());
    sizes.push_back(size);
    return {};
  }));
  return sizes;
}

Result<base::Bytes> read_data(Tokens& tokens, base::NumberFormat format) {
  MANTISSA_ASSIGN(const Token open, tokens.peek());
  MANTISSA_TRY(tokens.expect("{"));
  MANTISSA_ASSIGN(const Token first, tokens.peek());
  if (is_word(first, "sha256")) return tokens.error(first, "the values of this constant were not printed");
  MANTISSA_ASSIGN(const bool is_hex, tokens.accept_word("hex"));
  if (is_hex) {
    MANTISSA_ASSIGN(const bool empty, tokens.accept("}"));
    if (empty) return base::Bytes();
    MANTISSA_ASSIGN(const Token digits, tokens.take());
    MANTISSA_TRY(tokens.expect("}"));
    auto bytes = bytes_of_hex(digits.text);
    if (!bytes.ok()) return tokens.error(digits, bytes.error());
    return bytes;
  }
  std::vector<std::string> words;
  MANTISSA_TRY(tokens.list("}", [&]() -> Result<void> {
    MANTISSA_ASSIGN(Token word, tokens.take());
    words.push_back(std::move(word.text));
    return {};
  }));
  auto bytes = bytes_of_numbers(format, words);
  if (!bytes.ok()) return tokens.error(open, bytes.error());
  return bytes;
}

Result<Attribute> read_attribute(Tokens& tokens) {
  MANTISSA_ASSIGN(const Token token, tokens.take());
  if (token.kind == Token::Kind::string) return Attribute(token.text);
  if (is_symbol(token, "[")) return read_list(tokens);
  if (is_word(token, "floats") || is_word(token, "strings")) {
    MANTISSA_TRY(tokens.expect("["));
    MANTISSA_TRY(tokens.expect("]"));
    if (token.text == "floats") return Attribute(std::vector<float>());
    return Attribute(std::vector<std::string>());
  }
  if (token.kind == Token::Kind::word) {
    if (const auto integer = to_integer(token.text)) return Attribute(*integer);
    if (const auto real_value = to_float(token.text)) return Attribute(*real_value);
    if (const auto format = base::number_format_named(token.text)) {
      Tensor tensor{*format, {}, {}};
      MANTISSA_ASSIGN(tensor.shape, read_sizes(tokens));
      MANTISSA_ASSIGN(tensor.bytes, read_data(tokens, *format));
      return Attribute(std::move(tensor));
    }
  }
  return tokens.error(token, "\"" + token.text + "\" is not the value of an attribute");
}

}  // namespace mantissa::ir::text
