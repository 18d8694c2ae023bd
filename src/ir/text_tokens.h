// What every rule of the text form's grammar is read with: the next token is this, or an Error says where it is not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/number_format.h"
#include "ir/text_lexer.h"
#include "mantissa/result.h"

namespace mantissa::ir::text {

class Tokens {
 public:
  explicit Tokens(std::string_view source) : lexer_(source) {}

  [[nodiscard]] Error error(const Token& token, std::string what) const {
    return lexer_.error_at(token.start, std::move(what));
  }
  // An Error without a place gets that of the token.
  [[nodiscard]] Error error(const Token& token, const Error& what) const { return error(token, what.what); }

  [[nodiscard]] Result<Token> peek();
  [[nodiscard]] Result<Token> take() { return lexer_.take(); }

  [[nodiscard]] Result<bool> accept(std::string_view symbol);
  [[nodiscard]] Result<bool> accept_word(std::string_view word);
  [[nodiscard]] Result<void> expect(std::string_view symbol);
  [[nodiscard]] Result<void> expect_word(std::string_view word);

  // A word, or anything in quotes.
  [[nodiscard]] Result<Token> name();
  [[nodiscard]] Result<std::string> string();
  [[nodiscard]] Result<std::int64_t> integer();
  [[nodiscard]] Result<std::int32_t> small_integer();
  [[nodiscard]] Result<float> real();
  [[nodiscard]] Result<base::NumberFormat> format();

  // Calls `read` once per element, up to `close`; the opening bracket has been taken.
  template <class Read>
  [[nodiscard]] Result<void> list(std::string_view close, Read read) {
    MANTISSA_ASSIGN(const bool empty, accept(close));
    if (empty) return {};
    for (;;) {
      MANTISSA_TRY(read());
      MANTISSA_ASSIGN(const bool goes_on, accept(","));
      if (!goes_on) return expect(close);
    }
  }

 private:
  Lexer lexer_;
};

[[nodiscard]] inline bool is_symbol(const Token& token, std::string_view symbol) {
  return token.kind == Token::Kind::symbol && token.text == symbol;
}
[[nodiscard]] inline bool is_word(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::word && token.text == word;
}

}  // namespace mantissa::ir::text
