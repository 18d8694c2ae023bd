#include "format/onnx/data_file.h"

namespace mantissa::format {

Result<DataFile> DataFile::create(const std::filesystem::path& model) {
  std::filesystem::path path = model;
  path += ".data";
  MANTISSA_ASSIGN(base::AtomicFile file, base::AtomicFile::create(path));
  return DataFile(std::move(file), path.filename().string());
}

std::uint64_t DataFile::reserve(std::uint64_t size) {
  constexpr std::uint64_t alignment = 64;  // a cache line, and what vector loads like
  const std::uint64_t offset = (size_ + alignment - 1) / alignment * alignment;
  size_ = offset + size;
  return offset;
}

Result<base::Bytes> DataFile::contents() {
  if (empty()) return base::Bytes();
  MANTISSA_ASSIGN(contents_, base::map_file(file_.temporary_path()));
  return contents_;
}

std::optional<std::uint64_t> DataFile::find(const base::Bytes& bytes) const {
  const std::less_equal<const std::byte*> not_behind;
  const std::byte* end = contents_.data() + contents_.size();
  if (bytes.empty() || !not_behind(contents_.data(), bytes.data()) || !not_behind(bytes.data() + bytes.size(), end))
    return std::nullopt;
  return static_cast<std::uint64_t>(bytes.data() - contents_.data());
}

}  // namespace mantissa::format
