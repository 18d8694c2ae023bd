// Little-endian numbers in bytes that nobody has checked yet, and text from them that is safe to show.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mantissa::format {

// The number at `offset`, nullopt where the bytes end before it does.
template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> load_little_endian(std::span<const std::byte> bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;)
    value = static_cast<T>((value << (sizeof(T) > 1 ? 8 : 0)) | T(bytes[offset + i]));
  return value;
}

template <std::unsigned_integral T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// For messages: control characters and bytes beyond ASCII become '?', and at most 80 characters are kept. A file must
// not be able to send escape sequences to a terminal.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

// Whether a tensor can be called so: UTF-8 of at most 1000 bytes, without control characters.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace mantissa::format
