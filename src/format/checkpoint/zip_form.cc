#include "format/checkpoint/zip_form.h"

#include <algorithm>
#include <unordered_map>

#include "format/checkpoint/little_endian.h"
#include "format/checkpoint/tensors.h"
#include "format/pickle_names.h"

namespace mantissa::format {
namespace {

constexpr std::string_view kPickle = "/data.pkl";
constexpr std::uint64_t kLargestPickle = 256 << 20;  // names and shapes only; 30,000 tensors take 10 MB

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

// Below the one folder that torch puts everything into: "archive/data.pkl" -> "data.pkl".
std::string_view inside(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
}

template <class Predicate>
bool any_entry(const ZipArchive& archive, Predicate predicate) {
  return std::any_of(archive.entries().begin(), archive.entries().end(),
                     [&](const ZipEntry& entry) { return predicate(entry.name); });
}

// "archive" of "archive/data.pkl".
Result<std::string> folder_of(const ZipArchive& archive) {
  std::string folder;
  for (const ZipEntry& entry : archive.entries()) {
    if (inside(entry.name) != kPickle.substr(1)) continue;
    if (!folder.empty()) return damaged("the archive holds more than one data.pkl");
    folder = entry.name.substr(0, entry.name.size() - kPickle.size());
    if (folder.empty()) return damaged("its data.pkl lies in no folder");
  }
  if (folder.empty()) return damaged("the archive holds no data.pkl");
  return folder;
}

Result<void> check_byte_order(const ZipArchive& archive, const std::string& folder) {
  const ZipEntry* entry = archive.find(folder + "/byteorder");  // absent before PyTorch 2.1: little-endian
  if (entry == nullptr) return {};
  if (entry->size > 16) return damaged("its byte order is unreadable");
  MANTISSA_ASSIGN(const base::Bytes order, archive.read(*entry));
  if (as_text(order.span()) == "little") return {};
  return unsupported("it was saved on a big-endian machine", "Load and save it on a little-endian one");
}

}  // namespace

ZipContent content_of(const ZipArchive& archive) {
  const auto has = [&](std::string_view name) {
    return any_entry(archive, [&](std::string_view entry) { return inside(entry) == name; });
  };
  const auto has_below = [&](std::string_view start) {
    return any_entry(archive, [&](std::string_view entry) { return inside(entry).starts_with(start); });
  };
  if (has("constants.pkl") || has_below("code/")) return ZipContent::torchscript;
  // torch/export/pt2_archive/constants.py, and torch/_export/serde before PyTorch 2.4.
  if (has("archive_format") || has_below("models/") || any_entry(archive, [](std::string_view entry) {
        return entry.find("serialized_exported_program.json") != std::string_view::npos;
      })) {
    return ZipContent::torch_export;
  }
  if (has("data.pkl")) return ZipContent::checkpoint;
  if (archive.find("model.weights.h5") != nullptr) return ZipContent::keras;
  if (!archive.entries().empty() && std::all_of(archive.entries().begin(), archive.entries().end(),
                                                [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); })) {
    return ZipContent::numpy;
  }
  return ZipContent::other;
}

Result<ir::StateDict> read_zip_form(const ZipArchive& archive) {
  MANTISSA_ASSIGN(const std::string folder, folder_of(archive));
  MANTISSA_TRY(check_byte_order(archive, folder));
  const ZipEntry& entry = *archive.find(folder + std::string(kPickle));
  if (entry.size > kLargestPickle) return damaged("its data.pkl is larger than any checkpoint needs");
  MANTISSA_ASSIGN(base::Bytes bytes, archive.read(entry));
  MANTISSA_ASSIGN(const Pickle pickle, unpickle(std::move(bytes)));
  if (pickle.size != entry.size) return damaged("its data.pkl goes on after its end");
  MANTISSA_ASSIGN(const ChosenWeights chosen, choose_weights(pickle));

  std::uint64_t stored = 0;
  for (const ZipEntry& each : archive.entries()) stored += each.size;
  std::unordered_map<std::string_view, base::Bytes> read;  // what tensors share is inflated once
  const StorageBytes bytes_of = [&](const PickleStorage& storage) -> Result<base::Bytes> {
    const std::string name = folder + "/data/" + std::string(storage.key);
    const ZipEntry* data = archive.find(name);
    if (data == nullptr) return damaged("its storage '" + printable(storage.key) + "' is missing");
    if (storage.is_view) return damaged("it has a view of a storage, which this form does not have");
    if (data->size % storage.type->element_bytes != 0 ||
        data->size / storage.type->element_bytes != static_cast<std::uint64_t>(storage.count)) {
      return damaged("its storage '" + printable(storage.key) + "' has another size than the pickle says");
    }
    if (const auto found = read.find(storage.key); found != read.end()) return found->second;
    MANTISSA_ASSIGN(base::Bytes bytes_read, archive.read(*data));
    return read.emplace(storage.key, std::move(bytes_read)).first->second;
  };
  return collect_tensors(pickle, chosen, bytes_of, stored);
}

}  // namespace mantissa::format
