#include "net/architecture.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "net/keys.h"
#include "net/merge_branches.h"

namespace mantissa::net {
namespace {

constexpr std::size_t kKeysNamed = 4;
constexpr std::size_t kLongestKey = 60;  // in a message

// "body.12.weight" -> {"body", "#", "weight"}
std::set<std::string> segments_of(std::string_view key) {
  std::set<std::string> segments;
  std::string segment;
  for (std::size_t i = 0; i <= key.size(); ++i) {
    if (i == key.size() || key[i] == '.' || key[i] == ' ') {
      if (!segment.empty()) segments.insert(std::move(segment));
      segment.clear();
    } else if (!std::isdigit(static_cast<unsigned char>(key[i]))) {
      segment += key[i];
    } else if (!segment.ends_with('#')) {
      segment += '#';
    }
  }
  return segments;
}

std::string shortened(const std::string& key) {
  if (key.size() <= kLongestKey) return key;
  std::size_t size = kLongestKey;
  while (size > 0 && (static_cast<unsigned char>(key[size]) & 0xC0U) == 0x80) --size;  // not within a character
  return key.substr(0, size) + "...";
}

// How much the keys look like an architecture's: shared segments out of all segments (Jaccard).
double likeness(const std::set<std::string>& seen, const Architecture& architecture) {
  const std::set<std::string> usual = segments_of(architecture.keys);
  const auto shared = std::count_if(seen.begin(), seen.end(), [&](const std::string& s) { return usual.contains(s); });
  return static_cast<double>(shared) /
         static_cast<double>(seen.size() + usual.size() - static_cast<std::size_t>(shared) + 1);
}

Error unknown(const ir::StateDict& state) {
  if (state.tensors.empty()) return bad_input("the checkpoint holds no tensors");
  std::set<std::string> seen;
  std::string keys;
  for (std::size_t i = 0; i < state.tensors.size(); ++i) {
    const std::string& key = state.tensors[i].first;
    // Enough to tell; a hostile file may have millions of keys.
    if (i < 10000) seen.merge(segments_of(key));
    if (i < kKeysNamed) keys += (i == 0 ? "" : ", ") + shortened(key);
  }
  const auto nearest = std::max_element(
      architectures().begin(), architectures().end(),
      [&](const Architecture& a, const Architecture& b) { return likeness(seen, a) < likeness(seen, b); });
  return bad_input("no known architecture has these weights: " + keys +
                       (state.tensors.size() > kKeysNamed ? ", ..." : "") + " (" +
                       std::to_string(state.tensors.size()) + " tensors); the nearest is " +
                       std::string(nearest->name) + " (" + std::string(nearest->keys) + ")",
                   "Export the network to ONNX with torch.onnx.export and give that file instead");
}

// The graph names its constants as the file does, wrapper and all.
void restore_prefix(ir::Graph& graph, const ir::StateDict& state, const std::string& prefix) {
  if (prefix.empty()) return;
  std::set<std::string, std::less<>> layers;
  for (const auto& entry : state.tensors) layers.insert(entry.first.substr(0, entry.first.rfind('.')));
  for (const ir::ValueId id : graph.constants()) {
    const std::string full = prefix + graph.value(id).name;
    if (layers.contains(full.substr(0, full.rfind('.')))) graph.rename(id, full);
  }
}

}  // namespace

Result<Network> network_from_checkpoint(ir::StateDict state) {
  MANTISSA_ASSIGN(const ir::StateDict merged, merge_branches(state));
  for (const View& view : views_of(merged)) {
    const Architecture* claimant = nullptr;
    for (const Architecture& architecture : architectures()) {
      if (!architecture.recognises(view.state)) continue;
      if (claimant) {
        return internal_error("both " + std::string(claimant->name) + " and " + std::string(architecture.name) +
                              " claim the checkpoint");
      }
      claimant = &architecture;
    }
    if (!claimant) continue;
    MANTISSA_ASSIGN(Network network, claimant->build(view.state));
    restore_prefix(network.graph, merged, view.prefix);
    network.checkpoint = std::move(state);
    return network;
  }
  return unknown(state);
}

}  // namespace mantissa::net
