#include "ir/text_lexer.h"

#include <algorithm>

namespace mantissa::ir::text {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:-$+").find(c) != std::string_view::npos;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool is_plain(std::string_view name) {
  // A colon at either end would be read as the one before a type.
  return !name.empty() && name.front() != ':' && name.back() != ':' &&
         std::all_of(name.begin(), name.end(), is_word_character);
}

std::string quote(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (code < 0x20 || code == 0x7F) {
      quoted += {'\\', 'x', digits[code >> 4U], digits[code & 0xFU]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string written(std::string_view name) { return is_plain(name) ? std::string(name) : quote(name); }

Error Lexer::error_at(std::size_t position, std::string what) const {
  const std::string_view before = source_.substr(0, position);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = position - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0: the first line
  Error error = bad_input(std::move(what));
  error.where = {"line " + std::to_string(line) + ", column " + std::to_string(column)};
  return error;
}

Result<const Token*> Lexer::peek() {
  if (!has_next_) {
    MANTISSA_ASSIGN(next_, read());
    has_next_ = true;
  }
  return &next_;
}

Result<Token> Lexer::take() {
  MANTISSA_TRY(peek());
  has_next_ = false;
  return std::move(next_);
}

Result<Token> Lexer::read() {
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == '#') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++at_;
    } else {
      break;
    }
  }
  const std::size_t start = at_;
  if (start == source_.size()) return Token{Token::Kind::end, "end of the text", start};
  if (source_[start] == '"') return read_string(start);
  if (is_word_character(source_[start])) return read_word(start);
  ++at_;
  if (std::string_view("%~=(){}[],@?*").find(source_[start]) != std::string_view::npos)
    return Token{Token::Kind::symbol, std::string(1, source_[start]), start};
  return error_at(start, "this character has no meaning here");
}

Token Lexer::read_word(std::size_t start) {
  while (at_ < source_.size() && is_word_character(source_[at_])) ++at_;
  if (source_[start] == ':') {
    const bool two = source_.substr(start, 2) == "::";
    at_ = start + (two ? 2 : 1);
    return {Token::Kind::symbol, two ? "::" : ":", start};
  }
  while (source_[at_ - 1] == ':') --at_;
  return {Token::Kind::word, std::string(source_.substr(start, at_ - start)), start};
}

Result<Token> Lexer::read_string(std::size_t start) {
  std::string text;
  for (++at_; at_ < source_.size() && source_[at_] != '"'; ++at_) {
    const char c = source_[at_];
    if (c == '\n') break;
    if (c != '\\') {
      text += c;
      continue;
    }
    const std::string_view escape = source_.substr(at_ + 1, 3);
    if (escape.starts_with('n') || escape.starts_with('t')) {
      text += escape[0] == 'n' ? '\n' : '\t';
      at_ += 1;
    } else if (escape.starts_with('"') || escape.starts_with('\\')) {
      text += escape[0];
      at_ += 1;
    } else if (escape.size() == 3 && escape[0] == 'x' && digit_of(escape[1]) >= 0 && digit_of(escape[2]) >= 0) {
      text += static_cast<char>(digit_of(escape[1]) * 16 + digit_of(escape[2]));
      at_ += 3;
    } else {
      return error_at(at_, R"(this escape is none of \n \t \" \\ \xHH)");
    }
  }
  if (at_ >= source_.size() || source_[at_] != '"') return error_at(start, "this string does not end on its line");
  ++at_;
  return Token{Token::Kind::string, std::move(text), start};
}

}  // namespace mantissa::ir::text
