// What each fuzzer begins with: its input as the bytes that a reader takes, and what a reader may answer.
#pragma once

#include <cstdint>
#include <cstdlib>
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

}  // namespace mantissa::fuzz
