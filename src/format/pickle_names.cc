#include "format/pickle_names.h"

#include <algorithm>
#include <array>
#include <span>

#include "format/checkpoint/little_endian.h"
#include "format/pickle_calls.h"

namespace mantissa::format {
namespace {

using base::NumberFormat;

constexpr std::array kNames = {
    PickleName{"collections.OrderedDict", &call_ordered_dict},
    PickleName{"collections.Counter", &call_opaque},
    PickleName{"builtins.set", &call_opaque},
    PickleName{"builtins.complex", &call_opaque},
    PickleName{"builtins.bytearray", &call_opaque},
    PickleName{"__builtin__.set", &call_opaque},  // as protocol 2 spells them
    PickleName{"__builtin__.complex", &call_opaque},
    PickleName{"__builtin__.bytearray", &call_opaque},
    PickleName{"_codecs.encode", &call_opaque},  // bytes, in protocol 2
    PickleName{"torch._utils._rebuild_tensor", &call_rebuild_tensor},
    PickleName{"torch._utils._rebuild_tensor_v2", &call_rebuild_tensor},
    PickleName{"torch._utils._rebuild_tensor_v3", &call_rebuild_tensor_v3},
    PickleName{"torch._utils._rebuild_parameter", &call_rebuild_parameter},
    PickleName{"torch._utils._rebuild_parameter_with_state", &call_rebuild_parameter},
    PickleName{"torch._tensor._rebuild_from_type_v2", &call_rebuild_from_type},
    PickleName{"torch._utils._rebuild_qtensor", &refuse_quantized},
    PickleName{"torch._utils._rebuild_sparse_tensor", &refuse_sparse},
    PickleName{"torch._utils._rebuild_sparse_csr_tensor", &refuse_sparse},
    PickleName{"torch._utils._rebuild_meta_tensor_no_storage", &refuse_meta},
    PickleName{"torch.Size", &call_size},
    PickleName{"torch.device", &call_opaque},
    PickleName{"torch.serialization._get_layout", &call_opaque},
    PickleName{"torch.Tensor"},
    PickleName{"torch.nn.parameter.Parameter"},
};

// Storage classes; "torch.cuda.FloatStorage" counts as "torch.FloatStorage".
// Those without a format can be passed over, not used.
constexpr std::array kStorages = {
    PickleName{"torch.FloatStorage", nullptr, 4, NumberFormat::float32},
    PickleName{"torch.HalfStorage", nullptr, 2, NumberFormat::float16},
    PickleName{"torch.BFloat16Storage", nullptr, 2, NumberFormat::bfloat16},
    PickleName{"torch.DoubleStorage", nullptr, 8, NumberFormat::float64},
    PickleName{"torch.CharStorage", nullptr, 1, NumberFormat::int8},
    PickleName{"torch.ByteStorage", nullptr, 1, NumberFormat::uint8},
    PickleName{"torch.ShortStorage", nullptr, 2, NumberFormat::int16},
    PickleName{"torch.IntStorage", nullptr, 4, NumberFormat::int32},
    PickleName{"torch.LongStorage", nullptr, 8, NumberFormat::int64},
    PickleName{"torch.BoolStorage", nullptr, 1, NumberFormat::boolean},
    PickleName{"torch.ComplexFloatStorage", nullptr, 8},
    PickleName{"torch.ComplexDoubleStorage", nullptr, 16},
    PickleName{"torch.QInt8Storage", nullptr, 1},
    PickleName{"torch.QUInt8Storage", nullptr, 1},
    PickleName{"torch.QInt32Storage", nullptr, 4},
    PickleName{"torch.QUInt4x2Storage", nullptr, 1},
    PickleName{"torch.QUInt2x4Storage", nullptr, 1},
    PickleName{"torch.storage.UntypedStorage", nullptr, 1},
    PickleName{"torch.storage._UntypedStorage", nullptr, 1},
    PickleName{"torch.UntypedStorage", nullptr, 1},
};

constexpr std::array kDtypes = {
    PickleName{"torch.float32", nullptr, 0, NumberFormat::float32},
    PickleName{"torch.float16", nullptr, 0, NumberFormat::float16},
    PickleName{"torch.bfloat16", nullptr, 0, NumberFormat::bfloat16},
    PickleName{"torch.float64", nullptr, 0, NumberFormat::float64},
    PickleName{"torch.float8_e4m3fn", nullptr, 0, NumberFormat::float8_e4m3fn},
    PickleName{"torch.float8_e5m2", nullptr, 0, NumberFormat::float8_e5m2},
    PickleName{"torch.int8", nullptr, 0, NumberFormat::int8},
    PickleName{"torch.uint8", nullptr, 0, NumberFormat::uint8},
    PickleName{"torch.int16", nullptr, 0, NumberFormat::int16},
    PickleName{"torch.uint16", nullptr, 0, NumberFormat::uint16},
    PickleName{"torch.int32", nullptr, 0, NumberFormat::int32},
    PickleName{"torch.uint32", nullptr, 0, NumberFormat::uint32},
    PickleName{"torch.int64", nullptr, 0, NumberFormat::int64},
    PickleName{"torch.uint64", nullptr, 0, NumberFormat::uint64},
    PickleName{"torch.bool", nullptr, 0, NumberFormat::boolean},
    PickleName{"torch.complex32"},
    PickleName{"torch.complex64"},
    PickleName{"torch.complex128"},
};

const PickleName* named(std::span<const PickleName> list, std::string_view name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const PickleName& entry) { return entry.name == name; });
  return found == list.end() ? nullptr : &*found;
}

const PickleName* of_format(std::span<const PickleName> list, NumberFormat format) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const PickleName& entry) { return entry.format == format; });
  return found == list.end() ? nullptr : &*found;
}

// Whether it looks like a class that somebody pickled in good faith, rather than a function of the system.
// Only the wording depends on it.
bool looks_like_a_class(std::string_view module, std::string_view name) {
  constexpr std::array<std::string_view, 14> kSystem = {
      "posix", "nt",   "os",  "sys",    "subprocess", "builtins",  "__builtin__",
      "runpy", "code", "pty", "ctypes", "socket",     "importlib", "multiprocessing"};
  const std::string_view package = module.substr(0, module.find('.'));
  if (std::find(kSystem.begin(), kSystem.end(), package) != kSystem.end()) return false;
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  name.remove_prefix(std::min(name.size(), name.find_first_not_of('_')));
  return !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
}

}  // namespace

Result<const PickleName*> pickle_name(std::string_view module, std::string_view name) {
  std::string full = (module == "torch.cuda" ? "torch" : std::string(module)) + "." + std::string(name);
  for (const std::span<const PickleName> list :
       {std::span<const PickleName>(kNames), std::span<const PickleName>(kStorages),
        std::span<const PickleName>(kDtypes)}) {
    if (const PickleName* found = named(list, full)) return found;
  }
  full = printable(full);
  if (looks_like_a_class(module, name)) {
    return bad_input("it holds an object of the class " + full + ", as a whole pickled module does, not only weights",
                     "In Python, with the code of the network: torch.save(network.state_dict(), \"weights.pth\")");
  }
  return bad_input("it wants to call " + full + ", which no weights need",
                   "Do not load this file in Python unless you trust it; if you do, save its weights alone");
}

const PickleName* pickle_storage_class(NumberFormat format) { return of_format(kStorages, format); }
const PickleName* pickle_dtype(NumberFormat format) { return of_format(kDtypes, format); }

}  // namespace mantissa::format
