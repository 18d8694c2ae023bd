#include <algorithm>

#include "base/files.h"
#include "format/checkpoint/little_endian.h"
#include "format/checkpoint/tensors.h"
#include "format/safetensors.h"
#include "format/safetensors/dtypes.h"
#include "format/safetensors/header.h"

namespace mantissa::format {
namespace {

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

Result<ir::Tensor> tensor_of(const SafetensorsEntry& entry, const base::Bytes& data) {
  MANTISSA_ASSIGN(const base::NumberFormat format, number_format_of_dtype(entry.dtype));
  ir::Tensor tensor{format, entry.shape, {}};
  const std::size_t element = base::bytes_of(format, 1);
  // count() is the largest int64 where the sizes overflow; a 0 among them makes an empty tensor.
  const bool is_empty = std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end();
  const std::uint64_t count = is_empty ? 0 : static_cast<std::uint64_t>(tensor.count());
  const std::uint64_t size = entry.end - entry.begin;
  if (size % element != 0 || size / element != count) return damaged("its shape does not fit its bytes");
  tensor.bytes = data.part(entry.begin, size);
  if (reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % element != 0) {
    const auto bytes = tensor.bytes.span();
    tensor.bytes = base::Bytes::take(std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
  if (format == base::NumberFormat::boolean && !are_truth_values(tensor.bytes.span()))
    return damaged("it has truth values other than 0 and 1");
  return tensor;
}

// Each byte belongs to one tensor, as the reference demands: nothing overlaps and nothing is left over.
Result<void> check_places(const std::vector<SafetensorsEntry>& in_order, std::uint64_t size) {
  std::uint64_t at = 0;
  for (const SafetensorsEntry& entry : in_order) {
    const std::string place = "tensor '" + printable(entry.key) + "'";
    if (entry.end < entry.begin) return Result<void>(damaged("its bytes end before they begin")).in(place);
    if (entry.end > size) return Result<void>(damaged("its bytes reach beyond the end of the file")).in(place);
    if (entry.begin < at) return Result<void>(damaged("its bytes overlap those of another tensor")).in(place);
    if (entry.begin > at)
      return Result<void>(damaged(std::to_string(entry.begin - at) + " bytes before it belong to no tensor")).in(place);
    at = entry.end;
  }
  if (at != size) return damaged(std::to_string(size - at) + " bytes at the end of the file belong to no tensor");
  return {};
}

}  // namespace

Result<ir::StateDict> parse_safetensors(const base::Bytes& file) {
  const auto length = load_little_endian<std::uint64_t>(file.span(), 0);
  if (!length) return damaged("the file is shorter than its own length field");
  if (*length > kLargestHeader) return damaged("its header is said to be larger than any network's");
  if (*length > file.size() - 8) return damaged("the file ends within its header");
  const std::string_view json = as_text(file.span()).substr(8, *length);
  if (!json.starts_with('{')) return damaged("its header is no JSON object");
  MANTISSA_ASSIGN(SafetensorsHeader header, parse_safetensors_header(json));
  if (header.tensors.empty()) return bad_input("it holds no tensors", "Save the weights of the network");

  const base::Bytes data = file.part(8 + *length, file.size() - 8 - *length);
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  MANTISSA_TRY(check_places(header.tensors, data.size()));
  ir::StateDict state;
  state.metadata = std::move(header.metadata);
  for (const SafetensorsEntry& entry : header.tensors) {
    const std::string place = "tensor '" + printable(entry.key) + "'";
    if (!is_name(entry.key)) return Result<ir::StateDict>(damaged("its name is no readable text")).in(place);
    MANTISSA_ASSIGN(ir::Tensor tensor, tensor_of(entry, data).in(place));
    state.tensors.emplace_back(entry.key, std::move(tensor));
  }
  return state;
}

Result<ir::StateDict> read_safetensors(const std::filesystem::path& path) {
  const std::string place = "safetensors file " + path.string();
  MANTISSA_ASSIGN(const base::Bytes file, base::map_file(path).in(place));
  return parse_safetensors(file).in(place);
}

}  // namespace mantissa::format
