// SCUNet: a U-Net whose blocks send half of the channels through Swin's attention and the other half through
// convolutions.
//
//   pad by repeating -> m_head -> m_down1 ... m_down3 -> m_body -> m_up3 ... m_up1, each after + what was seen on the
//   way down -> + m_head -> m_tail -> crop
//   block: conv1_1 = [c, t];  x + conv1_2([c + conv_block(c), trans_block(t)])
//   trans: t + linear(attention(ln1));  then + mlp(ln2). Each second block has the windows shifted
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kNormEpsilon = 1e-5F;
constexpr int kMultiple = 64;  // of the padded sides: eight windows' pixels at three halvings
constexpr std::int64_t kLargestWindow = 64;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int window = 8;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "m_head.0");
  const auto tail = conv_shape(state, "m_tail.0");
  const ir::Tensor* places = state.find("m_body.0.trans_block.msa.relative_position_params");
  if (!head || !tail || tail->out != head->in || !colour_of_channels(head->in) || !is_sound(places) ||
      places->shape.size() != 3 || places->shape[1] % 2 == 0 || places->shape[1] >= 2 * kLargestWindow)
    return std::nullopt;
  const int window = static_cast<int>(places->shape[1] + 1) / 2;
  if (kMultiple / 8 % window != 0) return std::nullopt;
  return Parameters{head->in, head->out, window};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

// Builds the blocks of one network.
class Blocks {
 public:
  Blocks(Builder& b, const ir::StateDict& state, int window) : b_(b), state_(state), window_(window) {}

  // `first` to `end` of `at`, all at one size.
  ir::ValueId operator()(ir::ValueId x, const std::string& at, int first, int end) {
    SwinWindows windows(b_, window_);
    for (int i = first; i < end; ++i) {
      const bool shifted = (i - first) % 2 == 1;
      x = block(windows, x, shifted, at + std::to_string(i) + ".");
    }
    return x;
  }

 private:
  ir::ValueId block(SwinWindows& windows, ir::ValueId x, bool shifted, const std::string& at) {
    const std::vector<ir::ValueId> halves = b_.chunks(b_.conv(x, at + "conv1_1"), 2, at + "halves");
    const std::string conv = at + "conv_block.";
    const ir::ValueId c =
        b_.add(b_.conv(b_.relu(b_.conv(halves[0], conv + "0"), conv + "1"), conv + "2"), halves[0], conv + "sum");
    const ir::ValueId t = attend(windows, halves[1], shifted, at + "trans_block.");
    return b_.add(x, b_.conv(b_.concat({c, t}, at + "concat"), at + "conv1_2"), at + "sum");
  }

  ir::ValueId attend(SwinWindows& windows, ir::ValueId x, bool shifted, const std::string& at) {
    const ir::Tensor* places = state_.find(at + "msa.relative_position_params");
    if (!is_sound(places) || places->shape.empty())
      b_.fail(bad_input("the tensor " + at + "msa.relative_position_params is missing or unsound"));
    if (b_.failed()) return x;
    const std::int64_t heads = places->shape[0];
    if (b_.shape_of(x)[1].size % heads != 0) b_.fail(bad_input("the channels of " + at + " are not equal heads"));
    const ir::ValueId bias = bias_of(windows, heads, at + "msa.relative_position_params");
    const ir::ValueId qkv = b_.linear(b_.layer_norm(x, at + "ln1", kNormEpsilon), at + "msa.embedding_layer");
    const ir::ValueId y = windows.attend(qkv, static_cast<int>(heads), bias, shifted, at + "msa.");
    x = b_.add(x, b_.linear(y, at + "msa.linear"), at + "sum");
    ir::ValueId mlp = b_.linear(b_.layer_norm(x, at + "ln2", kNormEpsilon), at + "mlp.0");
    return b_.add(x, b_.linear(b_.gelu(mlp, at + "mlp.1"), at + "mlp.2"), at + "sum");
  }

  // The key holds [heads, rows apart, columns apart].
  ir::ValueId bias_of(const SwinWindows& windows, std::int64_t heads, const std::string& key) {
    const std::int64_t side = 2 * std::int64_t{window_} - 1;
    const std::int64_t pixels = std::int64_t{window_} * window_;
    const ir::ValueId table = b_.reshape(b_.parameter(key, {heads, side, side}), {heads, side * side}, key + "/table");
    const ir::ValueId index =
        b_.constant(key + "/index", ir::Tensor::of_integers({pixels, pixels}, windows.distances()));
    return b_.node("Gather", {table, index}, key + "/bias", {{"axis", std::int64_t{1}}}, {});
  }

  Builder& b_;
  const ir::StateDict& state_;
  int window_;
};

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an SCUNet");
  Builder b(state, "SCUNet", p->channels);
  Blocks blocks(b, state, p->window);
  std::vector<ir::ValueId> seen{b.conv(b.pad_to_multiple(b.input(), kMultiple, Padding::edge, "pad"), "m_head.0")};
  std::string counts;
  ir::ValueId x = seen.back();
  for (const char* level : {"1", "2", "3"}) {
    const std::string at = "m_down" + std::string(level) + ".";
    const int count = count_blocks(state, at, 0) - 1;
    counts += std::to_string(count) + ", ";
    x = blocks(seen.back(), at, 0, count);
    seen.push_back(b.conv(x, at + std::to_string(count), {.stride = 2, .padding = 0}));
  }
  const int body = count_blocks(state, "m_body.", 0);
  counts += std::to_string(body);
  x = blocks(seen.back(), "m_body.", 0, body);
  for (const char* level : {"3", "2", "1"}) {
    const std::string at = "m_up" + std::string(level) + ".";
    x = b.conv_transpose(b.add(x, seen.back(), at + "sum"), at + "0", 2);
    const int end = count_blocks(state, at, 0);
    x = blocks(x, at, 1, end);
    counts += ", " + std::to_string(end - 1);
    seen.pop_back();
  }
  x = b.crop_like(b.conv(b.add(x, seen.back(), "sum"), "m_tail.0"), b.input(), "crop");

  Task task = enlarging_task(p->channels, 1);
  task.kind = "denoising";
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"blocks", counts},
                   {"window", std::to_string(p->window)}});
}

}  // namespace

constinit const Architecture kScunet{
    "SCUNet",
    "Practical Blind Image Denoising via Swin-Conv-UNet, Zhang et al. 2022, arXiv:2203.13278",
    "m_head.#.weight m_down#.#.trans_block.msa.relative_position_params m_body.#.conv_block.#.weight "
    "m_body.#.trans_block.ln#.weight m_up#.#.conv#_#.weight m_tail.#.weight",
    recognises,
    build,
    "attention in windows: norms and softmax stay in float; a wide receptive field, so that tiles overlap much"};

}  // namespace mantissa::net
