#include "ir/text_tokens.h"

#include <utility>

#include "ir/text_numbers.h"

namespace mantissa::ir::text {
namespace {

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

Result<Token> Tokens::peek() {
  MANTISSA_ASSIGN(const Token* next, lexer_.peek());
  return *next;
}

Result<bool> Tokens::accept(std::string_view symbol) {
  MANTISSA_ASSIGN(const Token* next, lexer_.peek());
  const bool found = is_symbol(*next, symbol);
  if (found) MANTISSA_TRY(lexer_.take());
  return found;
}

Result<bool> Tokens::accept_word(std::string_view word) {
  MANTISSA_ASSIGN(const Token* next, lexer_.peek());
  const bool found = is_word(*next, word);
  if (found) MANTISSA_TRY(lexer_.take());
  return found;
}

Result<void> Tokens::expect(std::string_view symbol) {
  MANTISSA_ASSIGN(const Token token, take());
  if (!is_symbol(token, symbol)) return error(token, in_quotes(symbol) + " is missing before " + in_quotes(token.text));
  return {};
}

Result<void> Tokens::expect_word(std::string_view word) {
  MANTISSA_ASSIGN(const Token token, take());
  if (!is_word(token, word)) return error(token, in_quotes(word) + " is missing before " + in_quotes(token.text));
  return {};
}

Result<Token> Tokens::name() {
  MANTISSA_ASSIGN(Token token, take());
  if (token.kind != Token::Kind::word && token.kind != Token::Kind::string)
    return error(token, "a name is missing before " + in_quotes(token.text));
  return token;
}

Result<std::string> Tokens::string() {
  MANTISSA_ASSIGN(Token token, take());
  if (token.kind != Token::Kind::string) return error(token, "a string is missing before " + in_quotes(token.text));
  return std::move(token.text);
}

Result<std::int64_t> Tokens::integer() {
  MANTISSA_ASSIGN(const Token token, take());
  const auto value = token.kind == Token::Kind::word ? to_integer(token.text) : std::nullopt;
  if (!value) return error(token, in_quotes(token.text) + " is not an integer");
  return *value;
}

Result<std::int32_t> Tokens::small_integer() {
  MANTISSA_ASSIGN(const Token token, peek());
  MANTISSA_ASSIGN(const std::int64_t value, integer());
  if (!std::in_range<std::int32_t>(value)) return error(token, in_quotes(token.text) + " is too large");
  return static_cast<std::int32_t>(value);
}

Result<float> Tokens::real() {
  MANTISSA_ASSIGN(const Token token, take());
  const auto value = token.kind == Token::Kind::word ? to_float(token.text) : std::nullopt;
  if (!value) return error(token, in_quotes(token.text) + " is not a number of float32");
  return *value;
}

Result<base::NumberFormat> Tokens::format() {
  MANTISSA_ASSIGN(const Token token, take());
  const auto format = token.kind == Token::Kind::word ? base::number_format_named(token.text) : std::nullopt;
  if (!format) return error(token, in_quotes(token.text) + " is not a number format");
  return *format;
}

}  // namespace mantissa::ir::text
