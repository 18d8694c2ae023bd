#include "net/merge_branches.h"

#include <array>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr double kNormEpsilon = 1e-5;               // of torch.nn.BatchNorm2d
constexpr std::int64_t kMostProducts = 1LL << 29U;  // in one composition: 256 channels to 512 to 256, 3x3

// A convolution with a bias, in double.
struct Affine {
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::int64_t taps = 1;       // 1, or 9 for 3x3
  std::vector<double> weight;  // [out, in, taps]
  std::vector<double> bias;    // [out]

  double& at(std::int64_t o, std::int64_t i, std::int64_t tap) {
    return weight[static_cast<std::size_t>((o * in + i) * taps + tap)];
  }
  [[nodiscard]] double at(std::int64_t o, std::int64_t i, std::int64_t tap) const {
    return weight[static_cast<std::size_t>((o * in + i) * taps + tap)];
  }
};

Affine blank(std::int64_t out, std::int64_t in, std::int64_t taps) {
  return {out, in, taps, std::vector<double>(static_cast<std::size_t>(out * in * taps)),
          std::vector<double>(static_cast<std::size_t>(out))};
}

Error misfit(const std::string& what) {
  return bad_input(what, "Save the network as it is used: merged, after eval()");
}

Result<std::vector<double>> numbers(const ir::StateDict& state, const std::string& key) {
  const ir::Tensor* tensor = state.find(key);
  if (!is_sound(tensor)) return misfit("the tensor " + key + " is missing or unsound");
  MANTISSA_ASSIGN(const std::vector<float> values, tensor->floats().in("tensor " + key));
  return std::vector<double>(values.begin(), values.end());
}

// The weight [out, in, 1, 1] or [out, in, 3, 3] of a key, and a bias where `bias` names one that is there.
Result<Affine> convolution(const ir::StateDict& state, const std::string& weight, const std::string& bias) {
  MANTISSA_ASSIGN(std::vector<double> values, numbers(state, weight));
  const std::vector<std::int64_t>& shape = state.find(weight)->shape;
  if (shape.size() != 4 || shape[2] != shape[3] || (shape[2] != 1 && shape[2] != 3))
    return misfit("the tensor " + weight + " belongs to no convolution of 1x1 or 3x3");
  Affine found = blank(shape[0], shape[1], shape[2] * shape[3]);
  found.weight = std::move(values);
  if (!state.find(bias)) return found;
  MANTISSA_ASSIGN(found.bias, numbers(state, bias));
  if (static_cast<std::int64_t>(found.bias.size()) != found.out) return misfit("the tensor " + bias + " does not fit");
  return found;
}

Result<Affine> layer_of(const ir::StateDict& state, const std::string& layer) {
  return convolution(state, layer + ".weight", layer + ".bias");
}

// First one, then the other; one of them is 1x1.
Result<Affine> composed(const Affine& first, const Affine& second, const std::string& layer) {
  std::int64_t products = 0;
  if (second.in != first.out || (first.taps != 1 && second.taps != 1) ||
      __builtin_mul_overflow(second.out * second.in, first.in * first.taps * second.taps, &products) ||
      products > kMostProducts)
    return misfit("the branches of " + layer + " do not fit together");
  Affine both = blank(second.out, first.in, first.taps * second.taps);
  both.bias = second.bias;
  for (std::int64_t o = 0; o < second.out; ++o) {
    for (std::int64_t m = 0; m < second.in; ++m) {
      for (std::int64_t tap = 0; tap < both.taps; ++tap) {
        const double factor = second.at(o, m, second.taps == 1 ? 0 : tap);
        for (std::int64_t i = 0; i < first.in; ++i)
          both.at(o, i, tap) += factor * first.at(m, i, first.taps == 1 ? 0 : tap);
      }
      for (std::int64_t tap = 0; tap < second.taps; ++tap)
        both.bias[static_cast<std::size_t>(o)] += second.at(o, m, tap) * first.bias[static_cast<std::size_t>(m)];
    }
  }
  return both;
}

// `branch` beside `sum`, which is 3x3.
Result<void> add(Affine& sum, const Affine& branch, const std::string& layer) {
  if (sum.taps != 9 || branch.out != sum.out || branch.in != sum.in)
    return misfit("the branches of " + layer + " do not fit together");
  for (std::int64_t o = 0; o < sum.out; ++o) {
    sum.bias[static_cast<std::size_t>(o)] += branch.bias[static_cast<std::size_t>(o)];
    for (std::int64_t i = 0; i < sum.in; ++i) {
      for (std::int64_t tap = 0; tap < branch.taps; ++tap)
        sum.at(o, i, branch.taps == 1 ? 4 : tap) += branch.at(o, i, tap);
    }
  }
  return {};
}

Result<void> normalize(Affine& conv, const ir::StateDict& state, const std::string& norm) {
  std::array<std::vector<double>, 4> found;
  std::size_t which = 0;
  for (const char* name : {".weight", ".bias", ".running_mean", ".running_var"}) {
    MANTISSA_ASSIGN(found[which], numbers(state, norm + name));
    if (static_cast<std::int64_t>(found[which++].size()) != conv.out)
      return misfit("the tensor " + norm + name + " does not fit");
  }
  const auto& [gamma, beta, mean, variance] = found;
  for (std::size_t o = 0; o < conv.bias.size(); ++o) {
    const double scale = gamma[o] / std::sqrt(variance[o] + kNormEpsilon);
    if (!std::isfinite(scale))
      return misfit("channel " + std::to_string(o) + " of " + norm + " has a variance that is no number above zero");
    for (std::int64_t k = 0; k < conv.in * conv.taps; ++k)
      conv.weight[o * static_cast<std::size_t>(conv.in * conv.taps) + static_cast<std::size_t>(k)] *= scale;
    conv.bias[o] = beta[o] + (conv.bias[o] - mean[o]) * scale;
  }
  return {};
}

Result<Affine> merge_rep_vgg(const ir::StateDict& state, const std::string& layer) {
  MANTISSA_ASSIGN(Affine sum, layer_of(state, layer + ".rbr_dense.conv"));
  MANTISSA_TRY(normalize(sum, state, layer + ".rbr_dense.bn"));
  MANTISSA_ASSIGN(Affine one, layer_of(state, layer + ".rbr_1x1.conv"));
  MANTISSA_TRY(normalize(one, state, layer + ".rbr_1x1.bn"));
  MANTISSA_TRY(add(sum, one, layer));
  if (!state.find(layer + ".rbr_identity.weight")) return sum;
  if (sum.in != sum.out) return misfit("the branches of " + layer + " do not fit together");
  Affine identity = blank(sum.out, sum.in, 1);
  for (std::int64_t c = 0; c < sum.out; ++c) identity.at(c, c, 0) = 1;
  MANTISSA_TRY(normalize(identity, state, layer + ".rbr_identity"));
  MANTISSA_TRY(add(sum, identity, layer));
  return sum;
}

// A 3x3 filter for each channel alone: a mask times a scale.
Result<Affine> edge_filter(const ir::StateDict& state, const std::string& at) {
  MANTISSA_ASSIGN(const std::vector<double> scale, numbers(state, at + "scale"));
  MANTISSA_ASSIGN(const std::vector<double> mask, numbers(state, at + "mask"));
  MANTISSA_ASSIGN(std::vector<double> bias, numbers(state, at + "bias"));
  const std::size_t channels = scale.size();
  if (mask.size() != 9 * channels || bias.size() != channels || channels > 1U << 14U)
    return misfit("the shapes of " + at + "scale, mask and bias do not fit together");
  const auto out = static_cast<std::int64_t>(channels);
  Affine filter = blank(out, out, 9);
  for (std::int64_t c = 0; c < out; ++c) {
    for (std::int64_t tap = 0; tap < 9; ++tap)
      filter.at(c, c, tap) = scale[static_cast<std::size_t>(c)] * mask[static_cast<std::size_t>(9 * c + tap)];
  }
  filter.bias = std::move(bias);
  return filter;
}

Result<Affine> merge_ecb(const ir::StateDict& state, const std::string& layer) {
  MANTISSA_ASSIGN(Affine sum, layer_of(state, layer + ".conv3x3"));
  for (const char* branch : {"3x3", "sbx", "sby", "lpl"}) {
    const std::string at = layer + ".conv1x1_" + branch + ".";
    MANTISSA_ASSIGN(const Affine first, convolution(state, at + "k0", at + "b0"));
    const bool is_plain = std::string_view(branch) == "3x3";
    MANTISSA_ASSIGN(const Affine second, is_plain ? convolution(state, at + "k1", at + "b1") : edge_filter(state, at));
    MANTISSA_ASSIGN(const Affine both, composed(first, second, layer));
    MANTISSA_TRY(add(sum, both, layer));
  }
  return sum;
}

Result<Affine> merge_conv3xc(const ir::StateDict& state, const std::string& layer) {
  MANTISSA_ASSIGN(const Affine narrow, layer_of(state, layer + ".conv.0"));
  MANTISSA_ASSIGN(const Affine wide, layer_of(state, layer + ".conv.1"));
  MANTISSA_ASSIGN(const Affine last, layer_of(state, layer + ".conv.2"));
  MANTISSA_ASSIGN(const Affine start, composed(narrow, wide, layer));
  MANTISSA_ASSIGN(Affine sum, composed(start, last, layer));
  MANTISSA_ASSIGN(const Affine skip, layer_of(state, layer + ".sk"));
  MANTISSA_TRY(add(sum, skip, layer));
  return sum;
}

struct Kind {
  std::string_view sign;                // ends a key that only such a layer has
  std::string_view also;                // so does this one; empty: no other is needed
  std::vector<std::string_view> parts;  // that its keys begin with, behind the layer
  std::string_view merged;              // behind the layer: what the convolution is called
  Result<Affine> (*merge)(const ir::StateDict& state, const std::string& layer);
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {".rbr_dense.conv.weight", "", {".rbr_dense.", ".rbr_1x1.", ".rbr_identity."}, "", merge_rep_vgg},
      {".conv1x1_3x3.k0", ".conv3x3.weight", {".conv3x3.", ".conv1x1_"}, ".conv3x3", merge_ecb},
      {".sk.weight", ".conv.2.weight", {".sk.", ".conv.", ".eval_conv."}, ".eval_conv", merge_conv3xc},
  };
  return all;
}

ir::Tensor as_tensor(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return ir::Tensor::of_floats(std::move(shape), {values.begin(), values.end()});
}

}  // namespace

Result<ir::StateDict> merge_branches(const ir::StateDict& state) {
  std::map<std::string, const Kind*, std::less<>> layers;
  for (const auto& [key, tensor] : state.tensors) {
    for (const Kind& kind : kinds()) {
      if (!key.ends_with(kind.sign)) continue;
      std::string layer = key.substr(0, key.size() - kind.sign.size());
      if (kind.also.empty() || state.find(layer + std::string(kind.also))) layers.emplace(std::move(layer), &kind);
    }
  }
  if (layers.empty()) return state;

  ir::StateDict merged{state.wrappers, {}, state.metadata};
  std::map<std::string_view, bool> done;
  for (const auto& [key, tensor] : state.tensors) {
    const std::pair<const std::string, const Kind*>* owner = nullptr;
    for (std::size_t dot = key.find('.'); dot != std::string::npos && !owner; dot = key.find('.', dot + 1)) {
      const auto found = layers.find(std::string_view(key).substr(0, dot));
      if (found == layers.end()) continue;
      for (const std::string_view part : found->second->parts)
        if (std::string_view(key).substr(dot).starts_with(part)) owner = &*found;
    }
    if (!owner) {
      merged.tensors.emplace_back(key, tensor);
      continue;
    }
    const auto& [layer, kind] = *owner;
    if (!done.emplace(layer, true).second) continue;
    MANTISSA_ASSIGN(const Affine conv, kind->merge(state, layer));
    const std::int64_t side = conv.taps == 9 ? 3 : 1;
    const std::string name = layer + std::string(kind->merged);
    merged.tensors.emplace_back(name + ".weight", as_tensor({conv.out, conv.in, side, side}, conv.weight));
    merged.tensors.emplace_back(name + ".bias", as_tensor({conv.out}, conv.bias));
  }
  return merged;
}

}  // namespace mantissa::net
