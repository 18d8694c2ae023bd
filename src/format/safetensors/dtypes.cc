#include "format/safetensors/dtypes.h"

#include <algorithm>
#include <array>
#include <string>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {
namespace {

using base::NumberFormat;

struct Dtype {
  std::string_view name;
  NumberFormat format;
};

// safetensors/src/tensor.rs, Dtype.
constexpr std::array kDtypes = {
    Dtype{"F64", NumberFormat::float64},   Dtype{"F32", NumberFormat::float32}, Dtype{"F16", NumberFormat::float16},
    Dtype{"BF16", NumberFormat::bfloat16}, Dtype{"I64", NumberFormat::int64},   Dtype{"U64", NumberFormat::uint64},
    Dtype{"I32", NumberFormat::int32},     Dtype{"U32", NumberFormat::uint32},  Dtype{"I16", NumberFormat::int16},
    Dtype{"U16", NumberFormat::uint16},    Dtype{"I8", NumberFormat::int8},     Dtype{"U8", NumberFormat::uint8},
    Dtype{"BOOL", NumberFormat::boolean},
};
constexpr std::array<std::string_view, 9> kNotRead = {"F4",          "F6_E2M3",     "F6_E3M2", "F8_E5M2", "F8_E4M3",
                                                      "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "C64"};

}  // namespace

Result<NumberFormat> number_format_of_dtype(std::string_view dtype) {
  const auto* const found =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& each) { return each.name == dtype; });
  if (found != kDtypes.end()) return found->format;
  if (std::find(kNotRead.begin(), kNotRead.end(), dtype) != kNotRead.end())
    return unsupported("its elements are of " + std::string(dtype), "Save it as float32 or float16");
  return bad_input("its elements are of '" + printable(dtype) + "', which safetensors does not have",
                   "Download or save the file again");
}

std::optional<std::string_view> dtype_of(NumberFormat format) {
  const auto* const found =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& each) { return each.format == format; });
  return found == kDtypes.end() ? std::nullopt : std::optional(found->name);
}

}  // namespace mantissa::format
