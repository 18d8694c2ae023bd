#include "format/checkpoint/legacy_form.h"

#include <algorithm>
#include <unordered_map>

#include "format/checkpoint/little_endian.h"
#include "format/checkpoint/tensors.h"
#include "format/pickle_names.h"

namespace mantissa::format {
namespace {

// torch/serialization.py: MAGIC_NUMBER = 0x1950a86a20f9469cfc6c, PROTOCOL_VERSION = 1001.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kProtocol = 1001;

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

// Reads the pickle at the front of `rest` and takes it off.
Result<Pickle> next_pickle(base::Bytes& rest, const PickleLimits& limits = {}) {
  MANTISSA_ASSIGN(Pickle pickle, unpickle(rest, limits));
  rest = rest.part(pickle.size, rest.size() - pickle.size);
  return pickle;
}

Result<void> check_header(base::Bytes& rest) {
  constexpr PickleLimits kSmall{1000, 1000, 1000};
  MANTISSA_ASSIGN(const Pickle magic, next_pickle(rest, kSmall));
  const auto* number = magic.get<PickleBigInteger>(magic.root);
  if (number == nullptr || number->bytes != kMagic) return damaged("it is a pickle, but none of torch.save");
  MANTISSA_ASSIGN(const Pickle protocol, next_pickle(rest, kSmall));
  const auto* version = protocol.get<std::int64_t>(protocol.root);
  if (version == nullptr || *version != kProtocol) return damaged("it has an unknown version of the legacy form");
  MANTISSA_ASSIGN(const Pickle system, next_pickle(rest, kSmall));
  const auto* facts = system.get<PickleDict>(system.root);
  if (facts == nullptr) return damaged("the description of the system that saved it is missing");
  for (const auto& [key_id, value_id] : facts->items) {
    const auto* key = system.get<std::string_view>(key_id);
    const auto* value = system.get<bool>(value_id);
    if (key != nullptr && *key == "little_endian" && value != nullptr && !*value) {
      return unsupported("it was saved on a big-endian machine", "Load and save it on a little-endian one");
    }
  }
  return {};
}

using Storages = std::unordered_map<std::string_view, base::Bytes>;

// The class and count of each storage that the object refers to. One key with two meanings is refused.
Result<std::unordered_map<std::string_view, const PickleStorage*>> storages_of(const Pickle& pickle) {
  std::unordered_map<std::string_view, const PickleStorage*> by_key;
  for (const PickleValue& value : pickle.values) {
    const auto* storage = std::get_if<PickleStorage>(&value);
    if (storage == nullptr) continue;
    const PickleStorage* first = by_key.emplace(storage->key, storage).first->second;
    if (first->count != storage->count || first->type->element_bytes != storage->type->element_bytes) {
      return damaged("its storage '" + printable(storage->key) + "' has two sizes");
    }
  }
  return by_key;
}

Result<Storages> locate_storages(const Pickle& pickle, const Pickle& keys, base::Bytes rest) {
  MANTISSA_ASSIGN(const auto known, storages_of(pickle));
  const auto* list = keys.get<PickleList>(keys.root);
  if (list == nullptr) return damaged("the list of its storages is missing");
  Storages storages;
  for (const PickleId id : list->items) {
    const auto* key = keys.get<std::string_view>(id);
    const auto found = key != nullptr ? known.find(*key) : known.end();
    if (found == known.end()) return damaged("it lists a storage that no tensor uses");
    const std::string place = "storage '" + printable(*key) + "'";
    const auto count = load_little_endian<std::uint64_t>(rest.span(), 0);
    if (!count) return Result<Storages>(damaged("the file ends before it")).in(place);
    const PickleStorage& storage = *found->second;
    if (*count != static_cast<std::uint64_t>(storage.count)) {
      return Result<Storages>(damaged("it has another size than the pickle says")).in(place);
    }
    if (*count > (rest.size() - 8) / storage.type->element_bytes)
      return Result<Storages>(damaged("the file ends in the middle of it")).in(place);
    const std::size_t size = *count * storage.type->element_bytes;
    if (!storages.emplace(found->first, rest.part(8, size)).second)
      return Result<Storages>(damaged("it is there twice")).in(place);
    rest = rest.part(8 + size, rest.size() - 8 - size);
  }
  if (!rest.empty()) return damaged("the file goes on after its last storage");
  return storages;
}

}  // namespace

bool is_legacy_form(const base::Bytes& file) {
  // The first pickle is the number alone; a frame may precede it in protocol 4.
  const std::string_view start = as_text(file.span()).substr(0, 32);
  return start.starts_with('\x80') && start.find(kMagic) != std::string_view::npos;
}

Result<ir::StateDict> read_legacy_form(const base::Bytes& file) {
  base::Bytes rest = file;
  MANTISSA_TRY(check_header(rest));
  MANTISSA_ASSIGN(const Pickle pickle, next_pickle(rest));
  MANTISSA_ASSIGN(const Pickle keys, next_pickle(rest));
  MANTISSA_ASSIGN(const ChosenWeights chosen, choose_weights(pickle));
  MANTISSA_ASSIGN(const Storages storages, locate_storages(pickle, keys, rest));
  const StorageBytes bytes_of = [&](const PickleStorage& storage) -> Result<base::Bytes> {
    const auto found = storages.find(storage.key);
    if (found == storages.end()) return damaged("its storage '" + printable(storage.key) + "' is missing");
    if (!storage.is_view) return found->second;
    const std::size_t element = storage.type->element_bytes;
    return found->second.part(static_cast<std::size_t>(storage.view_offset) * element,
                              static_cast<std::size_t>(storage.view_count) * element);
  };
  return collect_tensors(pickle, chosen, bytes_of, file.size());
}

}  // namespace mantissa::format
