// The JSON header of a safetensors file, taken apart while it is parsed: nothing in it nests deeper than three levels,
// and nothing else may be in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::format {

// As large as the reference allows (safetensors/src/tensor.rs, MAX_HEADER_SIZE).
inline constexpr std::uint64_t kLargestHeader = 100'000'000;

struct SafetensorsEntry {
  std::string key;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // bytes from the end of the header
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Errors (bad_input): no JSON, or JSON of another form; a key or field that is there twice or missing; a size that is
// negative or beyond an int64. Nothing is said of the bytes yet.
[[nodiscard]] Result<SafetensorsHeader> parse_safetensors_header(std::string_view json);

}  // namespace mantissa::format
