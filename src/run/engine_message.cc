#include "run/engine_message.h"

#include <algorithm>
#include <optional>

namespace mantissa::run {
namespace {

constexpr std::size_t kLongest = 400;  // some messages hold lists of everything
constexpr std::string_view kDigits = "0123456789";

// "x.cc:123 " in the message: where its path begins, and what comes behind it.
struct SourcePlace {
  std::size_t begin;
  std::size_t end;
  bool has_folders;
};

std::optional<SourcePlace> find_source_place(std::string_view message) {
  for (const std::string_view extension : {".cc:", ".h:", ".hpp:", ".cpp:"}) {
    const std::size_t at = message.find(extension);
    if (at == std::string_view::npos) continue;
    const std::size_t digits = at + extension.size(), end = message.find_first_not_of(kDigits, digits);
    if (end == digits || end == std::string_view::npos || message[end] != ' ') continue;
    std::size_t begin = message.find_last_of(' ', at) + 1;  // 0 where there is none
    if (const auto path = message.find(":/", begin); path < at) begin = path + 1;
    return SourcePlace{begin, end + 1, message.substr(begin, at - begin).find('/') != std::string_view::npos};
  }
  return std::nullopt;
}

std::size_t behind_brackets(std::string_view text, char open, char close) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == open) ++depth;
    if (text[i] == close && --depth == 0) return i + 1;
  }
  return text.size();
}

// `text` begins with a function as compilers name it, "void a::b<c>::d(e, f (g)) const [with e = int]": how long that
// is.
std::size_t length_of_function(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (end == 0 || text[end] != ' ')) {
    const std::size_t brackets = text.find('(', end);
    if (brackets == std::string_view::npos) return 0;
    end = brackets + behind_brackets(text.substr(brackets), '(', ')');
  }
  for (const std::string_view word : {" const", " noexcept"})
    if (text.substr(end).starts_with(word)) end += word.size();
  if (text.substr(end).starts_with(" [with ")) end += behind_brackets(text.substr(end), '[', ']');
  return end;
}

std::string without_source_places(std::string message) {
  while (const auto place = find_source_place(message)) {
    const std::string_view behind = std::string_view(message).substr(place->end);
    std::size_t length = place->has_folders ? length_of_function(behind) : std::min(behind.find(' '), behind.size());
    if (length < behind.size() && behind[length] == ' ') ++length;
    message.erase(place->begin, place->end - place->begin + length);
  }
  return message;
}

// "[ONNXRuntimeError] : 1 : FAIL : what" -> "what"
std::string_view without_status(std::string_view message) {
  if (!message.starts_with("[ONNXRuntimeError] : ")) return message;
  for (int colon = 0; colon < 3; ++colon) {
    const std::size_t at = message.find(" : ");
    if (at == std::string_view::npos) return message;
    message.remove_prefix(at + 3);
  }
  return message;
}

std::string joined_lines(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    std::string_view line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(message.size(), line.size() + 1));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty() || line.starts_with("Please fix ")) continue;
    if (!text.empty()) text += ", ";
    text += line;
  }
  return text;
}

}  // namespace

std::string onnxruntime_sentence(std::string_view message) {
  std::string text = without_source_places(joined_lines(without_status(message)));
  if (text.size() > kLongest) text.replace(kLongest, std::string::npos, "...");
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text.empty() ? "unknown failure" : text;
}

}  // namespace mantissa::run
