// Words, strings and symbols of the text form, and how names are written in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mantissa/result.h"

namespace mantissa::ir::text {

struct Token {
  enum class Kind { word, string, symbol, end };
  Kind kind = Kind::end;
  std::string text;       // a string without its quotes and escapes
  std::size_t start = 0;  // where it begins in the source
};

// Whether a name can stand without quotes.
[[nodiscard]] bool is_plain(std::string_view name);
[[nodiscard]] std::string quote(std::string_view text);
// The name as it is, or in quotes where it must be.
[[nodiscard]] std::string written(std::string_view name);

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  // The next token, which stays the next until take().
  [[nodiscard]] Result<const Token*> peek();
  [[nodiscard]] Result<Token> take();

  // "line 3, column 7: <what>"
  [[nodiscard]] Error error_at(std::size_t position, std::string what) const;

 private:
  [[nodiscard]] Result<Token> read();
  [[nodiscard]] Result<Token> read_string(std::size_t start);
  [[nodiscard]] Token read_word(std::size_t start);

  std::string_view source_;
  std::size_t at_ = 0;
  bool has_next_ = false;
  Token next_;
};

}  // namespace mantissa::ir::text
