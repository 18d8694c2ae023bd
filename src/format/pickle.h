// A restricted unpickler: what torch.save emits, read into a tree of values. It executes nothing.
//
// A pickle is a program for a stack machine whose instructions may name and call any Python function. Here a name
// outside the list of pickle_names.h is an Error, and "calling" one of the list builds a value of this file. Objects
// lie in one array and refer to each other by index: sharing costs nothing, depth needs no recursion,
// and their number is bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/number_format.h"
#include "mantissa/result.h"

namespace mantissa::format {

struct PickleName;

// Index of a value in its Pickle.
enum class PickleId : std::uint32_t {};

struct PickleNone {};
struct PickleOpaque {};  // something allowed that holds no tensor: a device, a set, bytes
struct PickleBigInteger {
  std::string_view bytes;  // little-endian two's complement, more than 8 of them
};
struct PickleList {
  std::vector<PickleId> items;
};
struct PickleTuple {
  std::vector<PickleId> items;
};
struct PickleDict {
  std::vector<std::pair<PickleId, PickleId>> items;  // in the order of the file, keys unchecked
};
struct PickleCallable {
  const PickleName* name = nullptr;  // of the list, not yet called: a function, a storage class, a dtype
};
// torch's persistent id: where elements lie; their bytes are elsewhere in the file.
struct PickleStorage {
  const PickleName* type = nullptr;
  std::string_view key;
  std::int64_t count = 0;  // elements
  // Only in the legacy form: this is the part [view_offset, view_offset + view_count) of the storage `key`.
  bool is_view = false;
  std::int64_t view_offset = 0;
  std::int64_t view_count = 0;
};
struct PickleTensor {
  PickleId storage{};
  std::int64_t offset = 0;  // elements
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;         // elements
  std::optional<base::NumberFormat> format;  // set: the storage is untyped
};

using PickleValue = std::variant<PickleNone, bool, std::int64_t, double, std::string_view, PickleBigInteger, PickleList,
                                 PickleTuple, PickleDict, PickleCallable, PickleStorage, PickleTensor, PickleOpaque>;

// What was read; strings are views into `bytes`.
struct Pickle {
  base::Bytes bytes;
  std::vector<PickleValue> values;
  PickleId root{};
  std::size_t size = 0;  // bytes that the pickle took: another one may follow

  [[nodiscard]] const PickleValue& operator[](PickleId id) const { return values[static_cast<std::size_t>(id)]; }
  // nullptr when the value is of another type.
  template <class T>
  [[nodiscard]] const T* get(PickleId id) const {
    return std::get_if<T>(&(*this)[id]);
  }
};

// Bounds on what a pickle may make us do; a checkpoint of 30,000 tensors with its optimizer stays below them.
struct PickleLimits {
  std::size_t objects = 2'000'000;
  std::size_t references = 8'000'000;  // from containers to their items, and on the stack
  std::size_t instructions = 20'000'000;
};

// Reads one pickle, protocol 2 to 5, from the start of `bytes`.
// Errors (bad_input): damaged, an instruction or a callable that tensors do not need (named: "posix.system"), beyond
// the limits. (bad_input) too: classes of a pickled module; (unsupported): quantized and sparse tensors;
// each with what to do.
[[nodiscard]] Result<Pickle> unpickle(base::Bytes bytes, const PickleLimits& limits = {});

}  // namespace mantissa::format
