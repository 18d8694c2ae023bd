#include "format/onnx/element_type.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "format/onnx/proto.h"

namespace mantissa::format {
namespace {

using base::NumberFormat;
using onnx::TensorProto;

constexpr std::array table = {
    std::pair{NumberFormat::float32, TensorProto::FLOAT},
    std::pair{NumberFormat::float16, TensorProto::FLOAT16},
    std::pair{NumberFormat::bfloat16, TensorProto::BFLOAT16},
    std::pair{NumberFormat::float8_e4m3fn, TensorProto::FLOAT8E4M3FN},
    std::pair{NumberFormat::float8_e5m2, TensorProto::FLOAT8E5M2},
    std::pair{NumberFormat::float64, TensorProto::DOUBLE},
    std::pair{NumberFormat::int4, TensorProto::INT4},
    std::pair{NumberFormat::uint4, TensorProto::UINT4},
    std::pair{NumberFormat::int8, TensorProto::INT8},
    std::pair{NumberFormat::uint8, TensorProto::UINT8},
    std::pair{NumberFormat::int16, TensorProto::INT16},
    std::pair{NumberFormat::uint16, TensorProto::UINT16},
    std::pair{NumberFormat::int32, TensorProto::INT32},
    std::pair{NumberFormat::uint32, TensorProto::UINT32},
    std::pair{NumberFormat::int64, TensorProto::INT64},
    std::pair{NumberFormat::uint64, TensorProto::UINT64},
    std::pair{NumberFormat::boolean, TensorProto::BOOL},
    std::pair{NumberFormat::string, TensorProto::STRING},
};

}  // namespace

std::optional<NumberFormat> format_of(std::int32_t data_type) {
  const auto* const found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.second == data_type; });
  if (found == table.end()) return std::nullopt;
  return found->first;
}

std::int32_t data_type_of(NumberFormat format) {
  const auto* const found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == format; });
  assert(found != table.end());
  return found->second;
}

std::string data_type_name(std::int32_t data_type) {
  if (!onnx::TensorProto_DataType_IsValid(data_type)) return std::to_string(data_type);
  return onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(data_type));
}

}  // namespace mantissa::format
