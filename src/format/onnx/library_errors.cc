#include "format/onnx/library_errors.h"

namespace mantissa::format {

std::string as_sentence(std::string_view text) {
  constexpr std::size_t longest = 400;  // some messages contain a whole graph
  std::string sentence;
  for (const char c : text.substr(0, longest)) {
    const bool is_space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (is_space && (sentence.empty() || sentence.back() == ' ')) continue;
    sentence += is_space ? ' ' : c;
  }
  while (!sentence.empty() && (sentence.back() == ' ' || sentence.back() == '.')) sentence.pop_back();
  return sentence;
}

}  // namespace mantissa::format
