#include "base/readable.h"

#include <algorithm>

namespace mantissa::base {
namespace {

// The first character and how many bytes it takes; 0 where they are no UTF-8 (Unicode 15, table 3-7).
struct Character {
  char32_t code = 0;
  std::size_t size = 0;
};

Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if (next >> 6U != 2) return {};
    code = code << 6U | (next & 0x3FU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return code < least[size] || surrogate || code > 0x10FFFF ? Character{} : Character{code, size};
}

bool may_be_shown(char32_t code) {
  const auto within = [code](char32_t low, char32_t high) { return code >= low && code <= high; };
  return !(code < 0x20 || within(0x7F, 0x9F) || code == 0xAD || code == 0x61C || within(0x200B, 0x200F) ||
           within(0x2028, 0x202E) || within(0x2060, 0x206F) || code == 0xFEFF || within(0xE000, 0xF8FF) ||
           code >= 0xE0000);
}

bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

std::string shortened(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return std::string(text);
  std::size_t head = longest / 2;
  std::size_t tail = text.size() - longest / 2;
  while (head > 0 && is_inside_character(text[head])) --head;
  while (tail < text.size() && is_inside_character(text[tail])) ++tail;
  return std::string(text.substr(0, head)).append("...").append(text.substr(tail));
}

}  // namespace

std::string readable(std::string_view text) {
  constexpr std::size_t kLongestWord = 160;
  constexpr std::size_t kLongestText = 1000;
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words += shortened(text.substr(at, end - at), kLongestWord);
    if (end < text.size()) words += ' ';
    at = end + 1;
  }
  const std::string kept = shortened(words, kLongestText);
  std::string shown;
  for (std::string_view rest = kept; !rest.empty();) {
    const Character character = first_of(rest);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (character.size > 0 && may_be_shown(character.code))
      shown += rest.substr(0, size);
    else
      shown += '?';
    rest.remove_prefix(size);
  }
  return shown;
}

}  // namespace mantissa::base
