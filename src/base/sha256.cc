#include <openssl/evp.h>

#include <array>
#include <cassert>

#include "base/files.h"

namespace mantissa::base {

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, 32> digest{};
  [[maybe_unused]] const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  assert(done == 1);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const Bytes bytes, map_file(path));
  return sha256(bytes.span());
}

}  // namespace mantissa::base
