// What each fuzzer begins with: its input as the bytes that a reader takes, and what a reader may answer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/bytes.h"
#include "mantissa/result.h"

namespace mantissa::fuzz {

inline base::Bytes bytes_of(const std::uint8_t* data, std::size_t size) {
  return base::Bytes::take(std::vector<std::uint8_t>(data, data + size));
}

// No input may be called our own mistake, and each refusal says something.
template <class T>
void check(const Result<T>& result) {
  if (result.ok()) return;
  if (result.error().code == ErrorCode::internal || result.error().what.empty()) std::abort();
}

// The input as a file: the same one each time, in a folder of its own, so that no file beside it can be reached.
inline const std::filesystem::path& file_of(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path = [] {
    std::string folder = (std::filesystem::temp_directory_path() / "mantissa-fuzz-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    return std::filesystem::path(folder) / "network";
  }();
  std::ofstream file(path, std::ios::binary);
  if (!file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size))) std::abort();
  return path;
}

}  // namespace mantissa::fuzz
