// The only names that a pickle may use, and what calling each of them builds.
//
// The list is that of torch/_weights_only_unpickler.py (_get_allowed_globals), less what holds no weights.
#pragma once

#include <string_view>

#include "format/pickle.h"

namespace mantissa::format {

struct PickleName {
  std::string_view name;  // "torch._utils._rebuild_tensor_v2"
  // Builds a value from the arguments; nullptr: may be named, not called.
  Result<PickleValue> (*call)(const Pickle& pickle, const PickleTuple& arguments) = nullptr;
  std::size_t element_bytes = 0;                  // of a storage class; 0: it is none
  std::optional<base::NumberFormat> format = {};  // of a storage class or dtype that we can hold
};

// Errors: those of unpickle(), for a name that is not in the list.
[[nodiscard]] Result<const PickleName*> pickle_name(std::string_view module, std::string_view name);

// The value of a persistent id, which torch uses for storages only.
[[nodiscard]] Result<PickleValue> pickle_storage(const Pickle& pickle, PickleId persistent_id);

// The storage class or dtype of a format, for writing; nullptr when torch has none.
[[nodiscard]] const PickleName* pickle_storage_class(base::NumberFormat format);
[[nodiscard]] const PickleName* pickle_dtype(base::NumberFormat format);

}  // namespace mantissa::format
