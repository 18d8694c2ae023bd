// The file beside an ONNX model that holds its large constants.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/files.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Constants below this many bytes stay in the model, where shape inference of other tools finds them.
inline constexpr std::size_t kSmallConstant = 1024;

// `<model>.data`, written aside. Constants may be written before the graph is known that they belong to, so that a
// network passes through that is larger than memory.
class DataFile {
 public:
  [[nodiscard]] static Result<DataFile> create(const std::filesystem::path& model);

  // Room for a constant: its offset, a multiple of 64 bytes. It must be written in full before contents() is asked for.
  [[nodiscard]] std::uint64_t reserve(std::uint64_t size);
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] base::AtomicFile& file() { return file_; }
  // What has been written so far, mapped. Constants whose bytes are parts of it are left there by write_onnx().
  [[nodiscard]] Result<base::Bytes> contents();
  // Where bytes lie in contents(); nullopt: elsewhere.
  [[nodiscard]] std::optional<std::uint64_t> find(const base::Bytes& bytes) const;
  [[nodiscard]] std::string location() const { return location_; }

 private:
  DataFile(base::AtomicFile file, std::string location) : file_(std::move(file)), location_(std::move(location)) {}

  base::AtomicFile file_;
  std::string location_;
  std::uint64_t size_ = 0;
  base::Bytes contents_;
};

}  // namespace mantissa::format
