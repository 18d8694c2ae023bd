#include "ir/tensor.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace mantissa::ir {
namespace {

using base::NumberFormat;

template <class T>
std::vector<std::int64_t> widen(const base::Bytes& bytes, std::size_t count) {
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    T value;  // the bytes of a mapped file need not be aligned
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<std::int64_t>(value);  // NOLINT(bugprone-signed-char-misuse): int8 is a number here
  }
  return values;
}

std::vector<std::int64_t> widen_nibbles(const base::Bytes& bytes, std::size_t count, bool is_signed) {
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto byte = std::to_integer<unsigned>(bytes.data()[i / 2]);
    const unsigned nibble = i % 2 == 0 ? byte & 0xF : byte >> 4;
    values[i] = is_signed && nibble > 7 ? static_cast<std::int64_t>(nibble) - 16 : static_cast<std::int64_t>(nibble);
  }
  return values;
}

}  // namespace

std::int64_t Tensor::count() const {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) return most;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(product, size, &product)) return most;
  }
  return product;
}

bool Tensor::fits() const {
  const std::int64_t elements = count();
  return format != NumberFormat::string && elements != std::numeric_limits<std::int64_t>::max() &&
         bytes.size() == base::bytes_of(format, static_cast<std::size_t>(elements));
}

Result<std::vector<std::int64_t>> Tensor::integers() const {
  if (!fits()) return bad_input("a tensor's bytes do not fit its shape");
  const auto elements = static_cast<std::size_t>(count());
  switch (format) {
    case NumberFormat::int4:
      return widen_nibbles(bytes, elements, true);
    case NumberFormat::uint4:
      return widen_nibbles(bytes, elements, false);
    case NumberFormat::int8:
      return widen<std::int8_t>(bytes, elements);
    case NumberFormat::boolean:
    case NumberFormat::uint8:
      return widen<std::uint8_t>(bytes, elements);
    case NumberFormat::int16:
      return widen<std::int16_t>(bytes, elements);
    case NumberFormat::uint16:
      return widen<std::uint16_t>(bytes, elements);
    case NumberFormat::int32:
      return widen<std::int32_t>(bytes, elements);
    case NumberFormat::uint32:
      return widen<std::uint32_t>(bytes, elements);
    case NumberFormat::int64:
      return widen<std::int64_t>(bytes, elements);
    case NumberFormat::uint64:
      return widen<std::uint64_t>(bytes, elements);
    default:
      return bad_input("a tensor of " + std::string(base::name_of(format)) + " stands where integers are needed");
  }
}

Tensor Tensor::of_floats(std::vector<std::int64_t> shape, std::vector<float> values) {
  Tensor tensor{NumberFormat::float32, std::move(shape), base::Bytes::take(std::move(values))};
  assert(tensor.fits());
  return tensor;
}

Tensor Tensor::of_integers(std::vector<std::int64_t> shape, std::vector<std::int64_t> values) {
  Tensor tensor{NumberFormat::int64, std::move(shape), base::Bytes::take(std::move(values))};
  assert(tensor.fits());
  return tensor;
}

}  // namespace mantissa::ir
