#include "format/pickle_calls.h"

#include "format/pickle_names.h"

namespace mantissa::format {
namespace {

constexpr std::size_t kMostDimensions = 64;  // of a tensor: at::MAX_DIMS in ATen/TensorIterator.h

Error wrong_arguments(std::string_view of) {
  return bad_input("the arguments of " + std::string(of) + " are not what torch.save writes",
                   "Download or save the file again");
}

const PickleValue* argument(const Pickle& pickle, const PickleTuple& arguments, std::size_t index) {
  return index < arguments.items.size() ? &pickle[arguments.items[index]] : nullptr;
}

template <class T>
const T* argument_as(const Pickle& pickle, const PickleTuple& arguments, std::size_t index) {
  return std::get_if<T>(argument(pickle, arguments, index));
}

std::optional<std::vector<std::int64_t>> integers(const Pickle& pickle, const PickleTuple* tuple) {
  if (tuple == nullptr || tuple->items.size() > kMostDimensions) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const PickleId id : tuple->items) {
    const auto* value = pickle.get<std::int64_t>(id);
    if (value == nullptr) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

}  // namespace

Result<PickleValue> call_ordered_dict(const Pickle& pickle, const PickleTuple& arguments) {
  PickleDict dict;
  if (arguments.items.empty()) return PickleValue(std::move(dict));
  const auto* pairs = argument_as<PickleList>(pickle, arguments, 0);
  if (pairs == nullptr || arguments.items.size() != 1) return wrong_arguments("collections.OrderedDict");
  for (const PickleId id : pairs->items) {
    const auto* list = pickle.get<PickleList>(id);
    const auto* tuple = pickle.get<PickleTuple>(id);
    const auto* pair = list != nullptr ? &list->items : tuple != nullptr ? &tuple->items : nullptr;
    if (pair == nullptr || pair->size() != 2) return wrong_arguments("collections.OrderedDict");
    dict.items.emplace_back((*pair)[0], (*pair)[1]);
  }
  return PickleValue(std::move(dict));
}

Result<PickleValue> call_rebuild_tensor(const Pickle& pickle, const PickleTuple& arguments) {
  const auto* offset = argument_as<std::int64_t>(pickle, arguments, 1);
  auto shape = integers(pickle, argument_as<PickleTuple>(pickle, arguments, 2));
  auto strides = integers(pickle, argument_as<PickleTuple>(pickle, arguments, 3));
  if (argument_as<PickleStorage>(pickle, arguments, 0) == nullptr || offset == nullptr || !shape || !strides) {
    return wrong_arguments("torch._utils._rebuild_tensor");
  }
  return PickleValue(PickleTensor{arguments.items[0], *offset, std::move(*shape), std::move(*strides), std::nullopt});
}

Result<PickleValue> call_rebuild_tensor_v3(const Pickle& pickle, const PickleTuple& arguments) {
  MANTISSA_ASSIGN(PickleValue value, call_rebuild_tensor(pickle, arguments));
  const auto* dtype = argument_as<PickleCallable>(pickle, arguments, 6);
  if (dtype == nullptr) return wrong_arguments("torch._utils._rebuild_tensor_v3");
  if (!dtype->name->format || dtype->name->element_bytes != 0) {
    return unsupported("it holds a tensor of " + std::string(dtype->name->name), "Save it as torch.float32");
  }
  std::get<PickleTensor>(value).format = dtype->name->format;
  return value;
}

Result<PickleValue> call_rebuild_parameter(const Pickle& pickle, const PickleTuple& arguments) {
  const auto* tensor = argument_as<PickleTensor>(pickle, arguments, 0);
  if (tensor == nullptr) return wrong_arguments("torch._utils._rebuild_parameter");
  return PickleValue(*tensor);
}

Result<PickleValue> call_rebuild_from_type(const Pickle& pickle, const PickleTuple& arguments) {
  const auto* function = argument_as<PickleCallable>(pickle, arguments, 0);
  const auto* inner = argument_as<PickleTuple>(pickle, arguments, 2);
  // Not itself: that would recurse as deep as the file likes.
  if (function == nullptr || inner == nullptr || function->name->call == nullptr ||
      function->name->call == &call_rebuild_from_type) {
    return wrong_arguments("torch._tensor._rebuild_from_type_v2");
  }
  return function->name->call(pickle, *inner);
}

Result<PickleValue> call_size(const Pickle& pickle, const PickleTuple& arguments) {
  if (arguments.items.empty()) return PickleValue(PickleTuple{});
  const auto* tuple = argument_as<PickleTuple>(pickle, arguments, 0);
  if (tuple == nullptr || tuple->items.size() > kMostDimensions) return wrong_arguments("torch.Size");
  return PickleValue(*tuple);
}

Result<PickleValue> call_opaque(const Pickle& /*pickle*/, const PickleTuple& /*arguments*/) {
  return PickleValue(PickleOpaque{});
}

Result<PickleValue> refuse_quantized(const Pickle& /*pickle*/, const PickleTuple& /*arguments*/) {
  return unsupported("it holds quantized tensors of PyTorch", "Give the network as it was before it was quantized");
}

Result<PickleValue> refuse_sparse(const Pickle& /*pickle*/, const PickleTuple& /*arguments*/) {
  return unsupported("it holds sparse tensors", "Save them with .to_dense()");
}

Result<PickleValue> refuse_meta(const Pickle& /*pickle*/, const PickleTuple& /*arguments*/) {
  return unsupported("it holds tensors without values, made on the device 'meta'", "Load the weights before saving");
}

Result<PickleValue> pickle_storage(const Pickle& pickle, PickleId persistent_id) {
  const auto* id = pickle.get<PickleTuple>(persistent_id);
  const auto* tag = id != nullptr ? argument_as<std::string_view>(pickle, *id, 0) : nullptr;
  if (tag != nullptr && *tag == "module") {  // legacy: a class with its source text
    return bad_input("it holds a whole pickled module, not only its weights",
                     "In Python, with the code of the network: torch.save(network.state_dict(), \"weights.pth\")");
  }
  if (tag == nullptr || *tag != "storage") return wrong_arguments("a persistent id");
  // ("storage", class, key, location, count[, None or (view key, offset, count)]):
  // torch/serialization.py, persistent_id().
  const auto* type = argument_as<PickleCallable>(pickle, *id, 1);
  const auto* key = argument_as<std::string_view>(pickle, *id, 2);
  const auto* count = argument_as<std::int64_t>(pickle, *id, 4);
  if (type == nullptr || type->name->element_bytes == 0 || key == nullptr || count == nullptr || *count < 0) {
    return wrong_arguments("a storage");
  }
  PickleStorage storage{type->name, *key, *count};
  if (const auto* view = argument_as<PickleTuple>(pickle, *id, 5)) {
    const auto* offset = argument_as<std::int64_t>(pickle, *view, 1);
    const auto* view_count = argument_as<std::int64_t>(pickle, *view, 2);
    if (offset == nullptr || view_count == nullptr || *offset < 0 || *view_count < 0 || *offset > *count ||
        *view_count > *count - *offset) {
      return bad_input("a view of a storage reaches beyond it", "Download or save the file again");
    }
    storage.is_view = true;
    storage.view_offset = *offset;
    storage.view_count = *view_count;
  }
  return PickleValue(storage);
}

}  // namespace mantissa::format
