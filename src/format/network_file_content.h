// What a file or folder is, told by its content alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "format/checkpoint/little_endian.h"
#include "format/checkpoint/zip_form.h"
#include "mantissa/result.h"

namespace mantissa::format {

// What the readers look at: a folder, or the bytes of a file.
struct FileContent {
  std::filesystem::path path;
  bool is_folder = false;
  base::Bytes bytes;
  bool is_zip = false;
  std::optional<ZipContent> zip;  // nullopt for a damaged archive too

  [[nodiscard]] std::string_view text() const { return as_text(bytes.span()); }
  [[nodiscard]] bool has(std::size_t offset, std::string_view magic) const {
    return offset <= bytes.size() && text().substr(offset).starts_with(magic);
  }
  // Whether it is a folder with such a file in it.
  [[nodiscard]] bool holds(const char* name) const { return is_folder && std::filesystem::exists(path / name); }
};

// Errors (bad_input): missing, unreadable, empty.
[[nodiscard]] Result<FileContent> look_at(const std::filesystem::path& path);

// Damaged ones count, as far as they can be told: their reader says what is wrong.
[[nodiscard]] bool is_checkpoint(const FileContent& content);
[[nodiscard]] bool is_onnx(const FileContent& content);
[[nodiscard]] bool is_saved_model(const FileContent& content);
[[nodiscard]] bool is_frozen_graph(const FileContent& content);
[[nodiscard]] bool is_safetensors(const FileContent& content);
[[nodiscard]] bool is_pickle(const FileContent& content);
[[nodiscard]] bool is_web_page(const FileContent& content);
[[nodiscard]] bool is_openvino(const FileContent& content);
[[nodiscard]] bool is_webp(const FileContent& content);

}  // namespace mantissa::format
