#include "format/checkpoint/tensors.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "format/checkpoint/little_endian.h"
#include "format/pickle_names.h"

namespace mantissa::format {
namespace {

// Over all tensors together. A recursive network lists the same module many times; copies are rare and small.
constexpr std::uint64_t kMostSharing = 64;
constexpr std::uint64_t kMostCopying = 2;
constexpr std::uint64_t kAlwaysAllowed = 64 << 20;

std::uint64_t allowance(std::uint64_t stored, std::uint64_t times) {
  return std::min(stored, ~std::uint64_t{0} / (2 * times)) * times + kAlwaysAllowed;
}

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

// Elements of a shape; nullopt for a negative size or more than an int64 holds.
std::optional<std::int64_t> count_of(const std::vector<std::int64_t>& shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) return std::nullopt;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

// Elements from the first to behind the last; nullopt for a negative stride or more than an int64 holds.
std::optional<std::int64_t> extent_of(const PickleTensor& tensor) {
  std::int64_t last = 0;
  for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
    std::int64_t reach = 0;
    if (tensor.strides[axis] < 0 || __builtin_mul_overflow(tensor.shape[axis] - 1, tensor.strides[axis], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return std::nullopt;
    }
  }
  if (__builtin_add_overflow(last, 1, &last)) return std::nullopt;
  return last;
}

bool is_contiguous(const PickleTensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t axis = tensor.shape.size(); axis-- > 0;) {
    if (tensor.shape[axis] != 1 && tensor.strides[axis] != expected) return false;
    expected *= tensor.shape[axis];
  }
  return true;
}

// Row-major copy of elements that lie `strides` apart.
base::Bytes gather(const PickleTensor& tensor, std::span<const std::byte> from, std::size_t element,
                   std::int64_t count) {
  std::vector<std::byte> to(static_cast<std::size_t>(count) * element);
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::vector<std::int64_t> strides = tensor.strides;
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    if (tensor.shape[axis] == 1) strides[axis] = 0;  // means nothing, may be anything
  }
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to.data() + static_cast<std::size_t>(i) * element, from.data() + static_cast<std::size_t>(at) * element,
                element);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      at -= strides[axis] * tensor.shape[axis];
      index[axis] = 0;
    }
  }
  return base::Bytes::take(std::move(to));
}

class Collector {
 public:
  Collector(const Pickle& pickle, const StorageBytes& bytes_of, std::uint64_t stored)
      : pickle_(pickle),
        bytes_of_(bytes_of),
        may_share_(allowance(stored, kMostSharing)),
        may_copy_(allowance(stored, kMostCopying)) {}

  Result<ir::Tensor> tensor(const PickleTensor& from) {
    const auto& storage = std::get<PickleStorage>(pickle_[from.storage]);
    const auto format = from.format ? from.format : storage.type->format;
    if (!format)
      return unsupported("its elements are of " + std::string(storage.type->name), "Save it as torch.float32");
    const std::size_t element = base::bytes_of(*format, 1);
    const auto count = count_of(from.shape);
    if (!count || from.shape.size() != from.strides.size()) return damaged("its shape is impossible");
    ir::Tensor result{*format, from.shape, {}};
    if (*count == 0) return result;

    MANTISSA_ASSIGN(const base::Bytes bytes, bytes_of_(storage));
    const auto held = static_cast<std::int64_t>(bytes.size() / element);
    const auto extent = extent_of(from);
    if (!extent || from.offset < 0 || from.offset > held || *extent > held - from.offset) {
      return damaged("its shape and strides reach beyond its storage");
    }
    const base::Bytes whole =
        bytes.part(static_cast<std::size_t>(from.offset) * element, static_cast<std::size_t>(*extent) * element);
    const bool in_place = is_contiguous(from) && reinterpret_cast<std::uintptr_t>(whole.data()) % element == 0;
    std::uint64_t& allowed = in_place ? may_share_ : may_copy_;
    if (static_cast<std::uint64_t>(*count) > allowed / element) {
      return bad_input("the tensors claim many times the bytes that the file holds",
                       "Save them with .contiguous().clone()");
    }
    const std::size_t size = static_cast<std::size_t>(*count) * element;
    allowed -= size;
    result.bytes = in_place ? whole : gather(from, whole.span(), element, *count);
    if (*format == base::NumberFormat::boolean && !are_truth_values(result.bytes.span()))
      return damaged("it has truth values other than 0 and 1");
    return result;
  }

 private:
  const Pickle& pickle_;
  const StorageBytes& bytes_of_;
  std::uint64_t may_share_;  // bytes
  std::uint64_t may_copy_;
};

}  // namespace

Result<ir::StateDict> collect_tensors(const Pickle& pickle, const ChosenWeights& chosen, const StorageBytes& bytes_of,
                                      std::uint64_t stored) {
  Collector collector(pickle, bytes_of, stored);
  ir::StateDict state;
  state.wrappers = chosen.wrappers;
  std::unordered_set<std::string_view> seen;
  for (const auto& [key_id, value_id] : chosen.dict->items) {
    const auto* key = pickle.get<std::string_view>(key_id);
    const auto* from = pickle.get<PickleTensor>(value_id);
    if (key == nullptr || from == nullptr) continue;
    const std::string place = "tensor '" + printable(*key) + "'";
    if (!seen.insert(*key).second) return Result<ir::StateDict>(damaged("it is there twice")).in(place);
    if (!is_name(*key)) return Result<ir::StateDict>(damaged("its name is no readable text")).in(place);
    MANTISSA_ASSIGN(ir::Tensor tensor, collector.tensor(*from).in(place));
    state.tensors.emplace_back(*key, std::move(tensor));
  }
  return state;
}

bool are_truth_values(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte{1}; });
}

}  // namespace mantissa::format
