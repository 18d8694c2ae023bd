#include "format/onnx/external_data.h"

#include <charconv>
#include <system_error>
#include <vector>

#include "base/files.h"
#include "format/onnx/data_file.h"

namespace mantissa::format {
namespace {

namespace fs = std::filesystem;

Result<std::uint64_t> number_in(const std::string& key, const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return bad_input("the " + key + " \"" + text + "\" of its external data is not a number of bytes");
  return number;
}

bool stays_inside(const fs::path& location) {
  if (location.empty() || location.is_absolute() || location.has_root_name()) return false;
  for (const fs::path& step : location) {
    if (step == "..") return false;
  }
  return true;
}

// Links resolved, so that a file outside cannot be reached through one inside.
bool is_below(const fs::path& folder, const fs::path& file) {
  std::error_code error;
  const fs::path real_folder = fs::canonical(folder.empty() ? fs::path(".") : folder, error);
  if (error) return false;
  const fs::path real_file = fs::canonical(file, error);
  if (error) return false;
  const fs::path relative = real_file.lexically_relative(real_folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

bool is_external(const onnx::TensorProto& tensor) {
  return tensor.has_data_location() && tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

Result<base::Bytes> ExternalData::open(const std::string& location) {
  if (const auto found = files_.find(location); found != files_.end()) return found->second;
  const std::string what = "its external data \"" + location + "\"";
  if (!folder_) return bad_input(what + " cannot be found, because the model was not read from a file");
  if (!stays_inside(location)) return bad_input(what + " would lie outside the model's folder");
  const fs::path path = *folder_ / location;
  std::error_code error;
  if (!fs::exists(path, error))
    return bad_input(what + " is not beside the model", "Copy the file to the model's folder");
  if (!is_below(*folder_, path)) return bad_input(what + " lies outside the model's folder");
  MANTISSA_ASSIGN(base::Bytes bytes, base::map_file(path));
  return files_.emplace(location, std::move(bytes)).first->second;
}

Result<base::Bytes> ExternalData::find(const onnx::TensorProto& tensor) {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      MANTISSA_ASSIGN(offset, number_in("offset", entry.value()));
    } else if (entry.key() == "length") {
      MANTISSA_ASSIGN(length, number_in("length", entry.value()));
    }
  }
  MANTISSA_ASSIGN(const base::Bytes file, open(location));
  if (offset > file.size() || (length && *length > file.size() - offset))
    return bad_input("its external data end beyond the end of \"" + location + "\"", "Download the file again");
  const base::Bytes bytes = file.part(offset, length.value_or(file.size() - offset));
  if (bytes.empty() || bytes.size() >= kSmallConstant) return bytes;
  // Small ones are looked at from many places: nobody shall be able to take them away.
  std::vector<std::byte> room(base::PartReader::room_for(base::Rows::of(bytes)));
  MANTISSA_ASSIGN(const auto found, reader_.read(base::Rows::of(bytes), room));
  return base::Bytes::take(std::vector<std::byte>(found.begin(), found.end()));
}

}  // namespace mantissa::format
