// RRDBNet, the network of ESRGAN and Real-ESRGAN: residual blocks of densely connected convolutions.
//
//   [pixel unshuffle] -> first -> blocks -> trunk -> + first -> (nearest x2 -> up, LeakyReLU) ... -> hr, LeakyReLU
//   -> last
//   block: three times x + 0.2 * dense(x), and then x + 0.2 * that
//   dense: conv1 ... conv5, each sees x and all before it; LeakyReLU behind the first four
//
// Real-ESRGAN's networks for x2 and x1 unshuffle the picture by 2 and 4 and still enlarge four times.
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kSlope = 0.2F;
constexpr float kResidual = 0.2F;
constexpr int kConvolutions = 5;  // in a dense block
constexpr int kMostStages = 4;

// How the three generations of the authors' code call their layers.
struct Names {
  std::string first, blocks, dense, suffix, trunk;  // "body." + "3" + ".rdb" + "1" + ".conv" + "5" + suffix
  std::vector<std::string> ups;
  std::string hr, last;
};

// The oldest code numbers the layers of one torch.nn.Sequential: the blocks are model.1.sub, and where the others begin
// depends on how often the picture is enlarged.
Names oldest_names(const ir::StateDict& state) {
  Names names{"model.0", "model.1.sub.", ".RDB", ".0", "", {}, "", ""};
  names.trunk = "model.1.sub." + std::to_string(count_blocks(state, names.blocks, 0) - 1);
  const auto layer = [](std::size_t index) { return "model." + std::to_string(index); };
  const auto is_there = [&](std::size_t index) { return state.find(layer(index) + ".weight") != nullptr; };
  // Three to a stage, its convolution in the middle, from model.2.
  std::size_t at = 2;
  for (; names.ups.size() < kMostStages && !(is_there(at) && is_there(at + 2)); at += 3)
    names.ups.push_back(layer(at + 1));
  names.hr = layer(at);
  names.last = layer(at + 2);
  return names;
}

std::vector<std::string> numbered(const ir::StateDict& state, const std::string& name) {
  std::vector<std::string> found;
  while (found.size() < kMostStages && state.find(name + std::to_string(found.size() + 1) + ".weight"))
    found.push_back(name + std::to_string(found.size() + 1));
  return found;
}

std::optional<Names> names_of(const ir::StateDict& state) {
  if (state.find("body.0.rdb1.conv1.weight"))
    return Names{"conv_first", "body.", ".rdb", "", "conv_body", numbered(state, "conv_up"), "conv_hr", "conv_last"};
  if (state.find("RRDB_trunk.0.RDB1.conv1.weight"))
    return Names{"conv_first", "RRDB_trunk.", ".RDB", "", "trunk_conv", numbered(state, "upconv"),
                 "HRconv",     "conv_last"};
  if (state.find("model.1.sub.0.RDB1.conv1.0.weight")) return oldest_names(state);
  return std::nullopt;
}

struct Parameters {
  Names names;
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int blocks = 0;
  int unshuffle = 1;
  int scale = 1;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const std::optional<Names> names = names_of(state);
  if (!names) return std::nullopt;
  const auto first = conv_shape(state, names->first);
  const auto last = conv_shape(state, names->last);
  if (!first || !last || !colour_of_channels(last->out)) return std::nullopt;
  const auto unshuffle = shuffle_factor(first->in, last->out);
  const int enlarged = 1 << names->ups.size();
  if (!unshuffle || enlarged % *unshuffle != 0) return std::nullopt;
  const int listed = count_blocks(state, names->blocks, 0);
  const int blocks = names->trunk.starts_with(names->blocks) ? listed - 1 : listed;
  return Parameters{*names, last->out, first->out, blocks, *unshuffle, enlarged / *unshuffle};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId dense(Builder& b, ir::ValueId x, const std::string& at, const std::string& suffix) {
  std::vector<ir::ValueId> all{x};
  for (int i = 1; i <= kConvolutions; ++i) {
    const std::string layer = at + ".conv" + std::to_string(i) + suffix;
    const ir::ValueId y = b.conv(all.size() > 1 ? b.concat(all, layer + "/concat") : x, layer);
    all.push_back(i < kConvolutions ? b.leaky_relu(y, kSlope, layer + "/act") : y);
  }
  return b.add(b.multiply(all.back(), {kResidual}, at + "/scaled"), x, at + "/sum");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an RRDBNet");
  const Names& names = p->names;
  Builder b(state, "RRDBNet", p->channels);
  const ir::ValueId head = b.conv(b.pixel_unshuffle(b.input(), p->unshuffle, "unshuffle"), names.first);
  ir::ValueId x = head;
  for (int i = 0; i < p->blocks; ++i) {
    const std::string block = names.blocks + std::to_string(i);
    ir::ValueId y = x;
    for (const char* which : {"1", "2", "3"}) y = dense(b, y, block + names.dense + which, names.suffix);
    x = b.add(b.multiply(y, {kResidual}, block + "/scaled"), x, block + "/sum");
  }
  x = b.add(b.conv(x, names.trunk), head, "sum");
  for (const std::string& up : names.ups) {
    x = b.leaky_relu(b.conv(b.upsample(x, 2, Interpolation::nearest, up + "/nearest"), up), kSlope, up + "/act");
  }
  x = b.conv(b.leaky_relu(b.conv(x, names.hr), kSlope, names.hr + "/act"), names.last);

  return b.finish(x, enlarging_task(p->channels, p->scale),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"blocks", std::to_string(p->blocks)},
                   {"unshuffle", std::to_string(p->unshuffle)},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kRrdbnet{
    "RRDBNet", "ESRGAN, Wang et al. 2018, arXiv:1809.00219; Real-ESRGAN, Wang et al. 2021, arXiv:2107.10833",
    "conv_first.weight body.#.rdb#.conv#.weight RRDB_trunk.#.RDB#.conv#.bias model.#.sub.#.RDB#.conv#.#.weight "
    "conv_hr.weight",
    recognises, build};

}  // namespace mantissa::net
