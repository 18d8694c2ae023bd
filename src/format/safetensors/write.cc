#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "format/checkpoint/little_endian.h"
#include "format/safetensors.h"
#include "format/safetensors/dtypes.h"

namespace mantissa::format {
namespace {

using Json = nlohmann::ordered_json;
using Named = std::pair<std::string, ir::Tensor>;

constexpr std::size_t kAlignment = 8;  // of the first byte behind the header, as the reference has it

std::vector<const Named*> in_order(const ir::StateDict& state) {
  std::vector<const Named*> all;
  for (const Named& each : state.tensors) all.push_back(&each);
  std::stable_sort(all.begin(), all.end(), [](const Named* a, const Named* b) {
    return base::bits_of(a->second.format) > base::bits_of(b->second.format);
  });
  return all;
}

Result<std::string> header_of(const ir::StateDict& state, const std::vector<const Named*>& tensors) {
  Json header = Json::object();
  if (state.metadata && !state.metadata->empty()) {
    Json& metadata = header["__metadata__"];
    for (const auto& [key, value] : *state.metadata) metadata[key] = value;
  }
  std::size_t at = 0;
  for (const Named* named : tensors) {
    const auto& [key, tensor] = *named;
    const auto dtype = dtype_of(tensor.format);
    if (!dtype) {
      return Result<std::string>(
                 unsupported("safetensors has no " + std::string(base::name_of(tensor.format)), "Write it as ONNX"))
          .in("tensor '" + printable(key) + "'");
    }
    const std::size_t end = at + tensor.bytes.size();
    header[key] = {{"dtype", *dtype}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

Result<void> write(const ir::StateDict& state, const std::filesystem::path& path) {
  const std::vector<const Named*> tensors = in_order(state);
  MANTISSA_ASSIGN(const std::string header, header_of(state, tensors));
  std::string length;
  append_little_endian(length, static_cast<std::uint64_t>(header.size()));
  MANTISSA_ASSIGN(base::AtomicFile file, base::AtomicFile::create(path));
  MANTISSA_TRY(file.write(length + header));
  for (const Named* named : tensors) MANTISSA_TRY(file.write(named->second.bytes.span()));
  return file.commit();
}

}  // namespace

Result<void> write_safetensors(const ir::StateDict& state, const std::filesystem::path& path) {
  return write(state, path).in("safetensors file " + path.string());
}

}  // namespace mantissa::format
