// Blocks that several architectures share. Each takes the key that its own keys begin with ("B1.", "block_2.esa.").
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/state_dict.h"
#include "net/builder.h"

namespace mantissa::net {

// The mean of the pictures in DIV2K, in red, green and blue, that several authors subtract in their code, so that it is
// not in the checkpoint.
inline constexpr std::array kDiv2kMean{0.4488F, 0.4371F, 0.4040F};

// How the convolutions of a block are written.
enum class Kernels {
  plain,      // torch.nn.Conv2d
  blueprint,  // pointwise `pw` (a Linear), then depthwise `dw`; single pointwise ones are Linear (BSRN)
};
[[nodiscard]] ir::ValueId block_conv(Builder& b, ir::ValueId x, const std::string& layer, Kernels kernels);
[[nodiscard]] ir::ValueId block_pointwise(Builder& b, ir::ValueId x, const std::string& layer, Kernels kernels);

// Enhanced spatial attention (Liu et al. 2020, arXiv:2009.11551): each pixel times a number in 0..1 that comes from a
// strided, pooled and enlarged view of the surroundings. Enlarged to the exact size of x, so that the ratio, and with
// it every pixel, depends on the size of the picture; its smallest side is 15.
//
//   conv1 -> conv2 (stride 2) -> max pool 7, stride 3 -> [conv_max, act] -> conv3 -> [act, conv3_] -> resize
//   x * sigmoid(conv4(resized + conv_f(conv1)))
inline constexpr std::string_view kEsaHazards =
    "attention enlarged to the exact size of the picture, so that a tile is not quite the same part of the whole; "
    "sides "
    "of 15 pixels and more";
enum class EsaDepth { three, one };  // convolutions behind the pool: conv_max, conv3, conv3_, or conv3 alone
[[nodiscard]] ir::ValueId esa(Builder& b, ir::ValueId x, const std::string& at, EsaDepth depth, Kernels kernels);

// Residual feature distillation (the same paper): three refinements, each of which leaves half of the channels behind,
// and what is left, fused by c5. LeakyReLU of 0.05, with blueprint kernels GELU. The attention behind is the caller's.
[[nodiscard]] ir::ValueId distill(Builder& b, ir::ValueId x, const std::string& at, Kernels kernels);

// The level of noise, one number a picture, at each place of `features`.
[[nodiscard]] ir::ValueId spread_level(Builder& b, ir::ValueId level, ir::ValueId features);

// Attention inside windows of height x width pixels. `qkv` is a picture whose channels are q, k and v, one after the
// other, each of them `heads` heads; its sides are multiples of the window's. Each of the biases is
// [heads, pixels, pixels], or [windows, 1, 1, pixels].
[[nodiscard]] ir::ValueId window_attention(Builder& b, ir::ValueId qkv, int height, int width, int heads,
                                           const std::vector<ir::ValueId>& biases, const std::string& at);

// Swin's attention in square windows (Liu et al. 2021, arXiv:2103.14030), of which every second block has them `side`/2
// pixels further up and left. The authors roll the picture around its edges, and mask what came from the other side;
// here the picture is padded and the padding is masked, which is the same sum, stays local and copies less.
class SwinWindows {
 public:
  SwinWindows(Builder& b, int side) : b_(b), side_(side) {}
  // All pictures have one size. `bias` [heads, pixels, pixels].
  [[nodiscard]] ir::ValueId attend(ir::ValueId qkv, int heads, ir::ValueId bias, bool shifted, const std::string& at);
  // Of each pair of pixels in a window, which of (2 * side - 1)^2 distances lies between them; rows first.
  [[nodiscard]] std::vector<std::int64_t> distances() const;

 private:
  // 0 for each pixel, and far below for those that pad: [windows, 1, 1, pixels].
  ir::ValueId mask(ir::ValueId picture, const std::string& at);
  [[nodiscard]] int behind() const { return side_ / 2; }
  [[nodiscard]] int before() const { return side_ - behind(); }

  Builder& b_;
  int side_;
  std::optional<ir::ValueId> mask_;
};

// What the networks have in common that take the picture in by one convolution and give it out by another and a pixel
// shuffle, with a row of equal blocks between.
struct Enlarging {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int blocks = 0;
  int scale = 1;
};
// Where they are: layers, the prefix of the blocks and the number of the first.
struct EnlargingLayers {
  std::string head;
  std::string tail;
  std::string blocks;
  int first = 1;
};
// nullopt: a layer or one of the keys `others` is missing, or their channels are no picture's.
[[nodiscard]] std::optional<Enlarging> find_enlarging(const ir::StateDict& state, const EnlargingLayers& layers,
                                                      std::initializer_list<std::string_view> others);
[[nodiscard]] Hyperparameters hyperparameters_of(const Enlarging& found);

// How many of `<prefix><first>.`, `<prefix><first + 1>.`, ... the keys of the state dict begin with.
[[nodiscard]] int count_blocks(const ir::StateDict& state, const std::string& prefix, int first);

}  // namespace mantissa::net
