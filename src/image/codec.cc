#include "image/codec.h"

#include <algorithm>
#include <array>

#include "base/module.h"
#include "base/threads.h"

namespace mantissa::image {
namespace {

Result<Codec*> codec() {
  MANTISSA_ASSIGN(void* module, base::load_module("vips"));
  return static_cast<Codec*>(module);
}

constexpr std::array<std::string_view, 7> kWritten{".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif"};
constexpr std::array<std::string_view, 2> kOnlyRead{".gif", ".heic"};

template <class List>
bool has_extension_of(const std::filesystem::path& path, const List& list) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(list.begin(), list.end(), extension) != list.end();
}

// The module sees only files that exist and hold something, so that these errors read the same for every format.
Result<void> check_file(const std::filesystem::path& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) return bad_input("there is no such file");
  if (std::filesystem::is_directory(status)) return bad_input("it is a folder, not a picture");
  if (std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, failure) == 0 && !failure) {
    return bad_input("the file is empty");
  }
  return {};
}

}  // namespace

Result<Picture> PictureReader::read(Rectangle rectangle) {
  Picture picture;
  MANTISSA_TRY(read_into(rectangle, picture));
  return picture;
}

Result<void> PictureWriter::write_rows(const Picture& rows) {
  MANTISSA_TRY(begin_rows(rows.height));
  base::parallel_for(static_cast<std::size_t>(rows.height), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) put_row(*this, rows, static_cast<int>(y), 0, rows.width);
  });
  return end_rows();
}

void put_row(PictureWriter& writer, const Picture& picture, int y, int x, int count) {
  std::array<const float*, 4> lines{};
  const auto channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t channel = 0; channel < channels; ++channel)
    lines[channel] = picture.row(static_cast<int>(channel), y).data();
  writer.put(y, x, {lines.data(), channels}, static_cast<std::size_t>(count));
}

Result<std::unique_ptr<PictureReader>> open_picture(const std::filesystem::path& path) {
  MANTISSA_TRY(check_file(path).in("picture " + path.string()));
  MANTISSA_ASSIGN(Codec* const implementation, codec());
  return implementation->open(path);
}

Result<std::unique_ptr<PictureWriter>> create_picture(const std::filesystem::path& path, const PictureInfo& info,
                                                      const WriteOptions& options) {
  MANTISSA_ASSIGN(Codec* const implementation, codec());
  return implementation->create(path, info, options);
}

Result<Picture> read_picture(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const auto reader, open_picture(path));
  const PictureInfo& info = reader->info();
  MANTISSA_ASSIGN(auto picture, reader->read({0, 0, info.width, info.height}));
  if (info.has_alpha) return select_channels(picture, 0, info.channels);
  return picture;
}

Result<void> write_picture(const std::filesystem::path& path, const Picture& picture) {
  PictureInfo info;
  info.width = picture.width;
  info.height = picture.height;
  info.channels = picture.channels;
  MANTISSA_ASSIGN(const auto writer, create_picture(path, info));
  MANTISSA_TRY(writer->write_rows(picture));
  return writer->finish();
}

bool is_only_read(const std::filesystem::path& path) { return has_extension_of(path, kOnlyRead); }

Result<std::vector<std::filesystem::path>> pictures_in(const std::filesystem::path& folder, bool recursive) {
  std::error_code failure;
  std::vector<std::filesystem::path> pictures;
  std::filesystem::recursive_directory_iterator entries(folder, failure);
  while (!failure && entries != std::filesystem::recursive_directory_iterator()) {
    std::error_code ignored;
    const std::filesystem::path& path = entries->path();
    const bool hidden = path.filename().string().starts_with('.');
    if (!recursive || hidden) entries.disable_recursion_pending();
    if (!hidden && entries->is_regular_file(ignored) && (has_extension_of(path, kWritten) || is_only_read(path)))
      pictures.push_back(path);
    entries.increment(failure);
  }
  if (failure) return bad_input("folder " + folder.string() + " cannot be read: " + failure.message());
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace mantissa::image
