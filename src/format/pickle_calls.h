// What a pickle may call, as functions from arguments to values: nothing here runs Python, or anything of the file's.
#pragma once

#include "format/pickle.h"

namespace mantissa::format {

// collections.OrderedDict() and collections.OrderedDict([[key, value], ...]).
[[nodiscard]] Result<PickleValue> call_ordered_dict(const Pickle& pickle, const PickleTuple& arguments);
// torch._utils._rebuild_tensor(storage, offset, shape, strides), and _v2(..., requires_grad, hooks).
[[nodiscard]] Result<PickleValue> call_rebuild_tensor(const Pickle& pickle, const PickleTuple& arguments);
// torch._utils._rebuild_tensor_v3(storage, offset, shape, strides, requires_grad, hooks, dtype):
// the storage is untyped.
[[nodiscard]] Result<PickleValue> call_rebuild_tensor_v3(const Pickle& pickle, const PickleTuple& arguments);
// torch._utils._rebuild_parameter(tensor, requires_grad, hooks), and _with_state(..., state).
[[nodiscard]] Result<PickleValue> call_rebuild_parameter(const Pickle& pickle, const PickleTuple& arguments);
// torch._tensor._rebuild_from_type_v2(function, type, arguments, state).
[[nodiscard]] Result<PickleValue> call_rebuild_from_type(const Pickle& pickle, const PickleTuple& arguments);
// torch.Size(tuple).
[[nodiscard]] Result<PickleValue> call_size(const Pickle& pickle, const PickleTuple& arguments);
// Anything whose value does not matter.
[[nodiscard]] Result<PickleValue> call_opaque(const Pickle& pickle, const PickleTuple& arguments);
// Tensors of kinds that have no plain values.
[[nodiscard]] Result<PickleValue> refuse_quantized(const Pickle& pickle, const PickleTuple& arguments);
[[nodiscard]] Result<PickleValue> refuse_sparse(const Pickle& pickle, const PickleTuple& arguments);
[[nodiscard]] Result<PickleValue> refuse_meta(const Pickle& pickle, const PickleTuple& arguments);

}  // namespace mantissa::format
