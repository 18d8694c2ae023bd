#include "format/checkpoint/choose_weights.h"

#include <algorithm>
#include <array>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {
namespace {

// Best first: averages over training before its last step. "params_ema" and "params" are BasicSR's, "state_dict_ema" is
// timm's, "g_ema" StyleGAN's, "state_dict" Lightning's and MMEngine's; the rest is custom.
constexpr std::array<std::string_view, 10> kWrappers = {
    "params_ema", "state_dict_ema", "model_ema", "g_ema", "ema", "params", "state_dict", "model", "net", "generator"};
constexpr std::size_t kDeepest = 8;              // wrappers around wrappers
constexpr std::size_t kMostVisited = 4'000'000;  // items; sharing makes a large tree out of few objects

bool holds_tensors(const Pickle& pickle, const PickleDict& dict) {
  return std::any_of(dict.items.begin(), dict.items.end(), [&](const auto& item) {
    return pickle.get<std::string_view>(item.first) != nullptr && pickle.get<PickleTensor>(item.second) != nullptr;
  });
}

// The last value of a key, as in Python.
std::optional<PickleId> value_of(const Pickle& pickle, const PickleDict& dict, std::string_view key) {
  for (std::size_t i = dict.items.size(); i-- > 0;) {
    const auto& [key_id, value] = dict.items[i];
    const auto* name = pickle.get<std::string_view>(key_id);
    if (name != nullptr && *name == key) return value;
  }
  return std::nullopt;
}

// torch.optim.Optimizer.state_dict() has exactly these two keys.
bool is_optimizer(const Pickle& pickle, const PickleDict& dict) {
  return value_of(pickle, dict, "state").has_value() && value_of(pickle, dict, "param_groups").has_value();
}

// And what optimizers of torch.optim call the numbers that they keep for each weight, where somebody stored them apart.
bool named_like_an_optimizer(std::string_view key) {
  constexpr std::array<std::string_view, 6> parts = {"optim",     "sched",      "exp_avg",
                                                     "momentum_", "square_avg", "sum_of_grad"};
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return key.find(part) != std::string_view::npos; });
}

// "nets/generator", for messages.
std::string path_of(const ChosenWeights& chosen) {
  std::string path;
  for (const std::string& wrapper : chosen.wrappers) path += (path.empty() ? "" : "/") + wrapper;
  return printable(path);
}

class Search {
 public:
  explicit Search(const Pickle& pickle) : pickle_(pickle) {}

  // Through known wrappers only.
  bool by_wrapper(PickleId id, ChosenWeights& chosen) {
    const auto* dict = enter(id, chosen);
    if (dict == nullptr) return false;
    for (const std::string_view wrapper : kWrappers) {
      const auto value = value_of(pickle_, *dict, wrapper);
      if (!value) continue;
      chosen.wrappers.emplace_back(wrapper);
      if (by_wrapper(*value, chosen)) return true;
      chosen.wrappers.pop_back();
    }
    if (!holds_tensors(pickle_, *dict)) return false;
    chosen.dict = dict;
    return true;
  }

  // Through any other key, as long as one way only leads to tensors.
  void by_any_key(PickleId id, ChosenWeights& place, std::vector<ChosenWeights>& found) {
    if (found.size() > 1) return;
    if (ChosenWeights here = place; by_wrapper(id, here)) {
      if (found.empty() || found[0].dict != here.dict) found.push_back(std::move(here));
      return;
    }
    const auto* dict = enter(id, place);
    if (dict == nullptr) return;
    for (const auto& [key_id, value] : dict->items) {
      const auto* key = pickle_.get<std::string_view>(key_id);
      if (key == nullptr || !is_utf8(*key) || named_like_an_optimizer(*key)) continue;
      place.wrappers.emplace_back(*key);
      by_any_key(value, place, found);
      place.wrappers.pop_back();
    }
  }

 private:
  const PickleDict* enter(PickleId id, const ChosenWeights& place) {
    const auto* dict = pickle_.get<PickleDict>(id);
    if (dict == nullptr || place.wrappers.size() > kDeepest || dict->items.size() >= kMostVisited - visited_)
      return nullptr;
    visited_ += dict->items.size() + 1;
    return is_optimizer(pickle_, *dict) ? nullptr : dict;
  }

  const Pickle& pickle_;
  std::size_t visited_ = 0;
};

}  // namespace

Result<ChosenWeights> choose_weights(const Pickle& pickle) {
  Search search(pickle);
  ChosenWeights chosen;
  if (search.by_wrapper(pickle.root, chosen)) return chosen;
  std::vector<ChosenWeights> found;
  ChosenWeights place;
  search.by_any_key(pickle.root, place, found);
  if (found.empty()) {
    return bad_input("it holds no dictionary of tensors",
                     "Save the weights alone: torch.save(network.state_dict(), \"weights.pth\")");
  }
  if (found.size() > 1) {
    return bad_input("it holds the weights of several networks, '" + path_of(found[0]) + "' and '" + path_of(found[1]) +
                         "' among them",
                     "Save the weights of the one you mean alone: torch.save(network.state_dict(), \"weights.pth\")");
  }
  return std::move(found[0]);
}

}  // namespace mantissa::format
