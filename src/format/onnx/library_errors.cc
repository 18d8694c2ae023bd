#include "format/onnx/library_errors.h"

namespace mantissa::format {

std::string as_sentence(std::string_view text) {
  // Shape inference lists its messages one per line; the first tells enough.
  if (const std::string_view list = "Inference error(s): "; text.find(list) != std::string_view::npos)
    text = text.substr(0, text.find('\n'));
  constexpr std::size_t longest = 400;  // some messages contain a whole graph
  std::string sentence;
  for (const char c : text.substr(0, longest)) {
    const bool is_space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (is_space && (sentence.empty() || sentence.back() == ' ')) continue;
    sentence += is_space ? ' ' : c;
  }
  for (const std::string_view noise : {"[ShapeInferenceError] ", "[TypeInferenceError] ", "Inference error(s): "}) {
    for (std::size_t at; (at = sentence.find(noise)) != std::string::npos;) sentence.erase(at, noise.size());
  }
  while (!sentence.empty() && (sentence.back() == ' ' || sentence.back() == '.')) sentence.pop_back();
  return sentence;
}

}  // namespace mantissa::format
