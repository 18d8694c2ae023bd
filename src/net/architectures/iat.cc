// IAT: a local network corrects every pixel, a global one finds a matrix of colours and a gamma for the whole picture.
//
//   y = x * mul + add;  output = clip(colours y, 1e-8, 1) ^ gamma
//   local_net: conv1 -> LeakyReLU -> mul_blocks, add_blocks, each + conv1 -> mul_end, ReLU and add_end, tanh
//   block: x + pos_embed(x); then + gamma_1 * conv2(attn(conv1(norm1))); then + gamma_2 * mlp(norm2)
//   global_net: conv_large (stride 4) -> ten learned questions attend to every place -> gamma_linear, color_linear
//
// It takes -1..1 and gives 0..1: the weights that are published for LOL-v2 make a nearly flat picture of 0..1.
#include <cmath>

#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

// In the authors' code, not in the shapes.
constexpr int kHeads = 4;
constexpr float kSlope = 0.2F;
constexpr double kBatchNormEpsilon = 1e-5;
constexpr float kNormEpsilon = 1e-5F;
constexpr float kDarkest = 1e-8F;
constexpr std::int64_t kQuestions = 10;  // for gamma and the nine elements of the matrix

struct Parameters {
  std::int64_t features = 0;         // of the local network
  std::int64_t global_features = 0;  // of the global one
  int blocks = 0;                    // of each kind
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "local_net.conv1");
  const ir::Tensor* questions = state.find("global_net.generator.attn.q");
  if (!head || head->in != 3 || !is_sound(questions) || questions->shape.size() != 3) return std::nullopt;
  const std::int64_t features = questions->shape[2];
  if (questions->shape[0] != 1 || questions->shape[1] != kQuestions || features % kHeads != 0) return std::nullopt;
  return Parameters{head->out, features, count_blocks(state, "local_net.mul_blocks.", 0)};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId norm(Builder& b, ir::ValueId x, const std::string& at) {
  return b.add_channels(b.multiply_channels(b.multiply_matrix(x, at + ".color"), at + ".alpha"), at + ".beta");
}

ir::ValueId local_block(Builder& b, ir::ValueId x, const std::string& at) {
  x = b.add(x, b.conv(x, at + "pos_embed"), at + "placed");
  const ir::ValueId around = b.conv(b.conv(norm(b, x, at + "norm1"), at + "conv1"), at + "attn");
  x = b.add(x, b.multiply_channels(b.conv(around, at + "conv2"), at + "gamma_1"), at + "sum");
  const ir::ValueId mixed = b.gelu(b.conv(norm(b, x, at + "norm2"), at + "mlp.fc1"), at + "mlp.act");
  return b.add(x, b.multiply_channels(b.conv(mixed, at + "mlp.fc2"), at + "gamma_2"), at + "sum");
}

// One of the two branches of the local network.
ir::ValueId local_branch(Builder& b, ir::ValueId head, const std::string& kind, int blocks) {
  ir::ValueId x = head;
  for (int i = 0; i < blocks; ++i) {
    x = local_block(b, x, "local_net." + kind + "_blocks." + std::to_string(i) + ".");
  }
  return b.conv(b.add(x, head, "local_net." + kind + "_sum"), "local_net." + kind + "_end.0");
}

// What the questions find in the picture: [batch, features, questions, 1].
ir::ValueId answers(Builder& b, ir::ValueId picture, std::int64_t features) {
  const std::string at = "global_net.generator.";
  ir::ValueId x = b.gelu(b.conv_batch_norm(picture, "global_net.conv_large.proj.0", "global_net.conv_large.proj.1",
                                           kBatchNormEpsilon, {.stride = 2}),
                         "global_net.conv_large.proj.2");
  x = b.conv_batch_norm(x, "global_net.conv_large.proj.3", "global_net.conv_large.proj.4", kBatchNormEpsilon,
                        {.stride = 2});
  x = b.layer_norm(b.add(x, b.conv(x, at + "pos_embed"), at + "placed"), at + "norm1", kNormEpsilon);
  const std::int64_t each = features / kHeads;
  const auto heads = [&](const char* name) {
    return b.reshape(b.linear(x, at + "attn." + name), {0, kHeads, each, -1}, at + "attn." + name + "/heads");
  };
  const ir::ValueId keys = heads("k");
  const ir::ValueId values = b.transpose(heads("v"), {0, 1, 3, 2}, at + "attn.v/transposed");
  const ir::ValueId q = b.parameter(at + "attn.q", {1, kQuestions, features});
  const ir::ValueId questions =
      b.transpose(b.reshape(q, {1, kQuestions, kHeads, each}, at + "attn.q/heads"), {0, 2, 1, 3}, at + "attn.q/order");
  const float scale = 1 / std::sqrt(static_cast<float>(each));
  x = b.attend(questions, keys, values, scale, {}, at + "attn");
  x = b.reshape(b.transpose(x, {0, 1, 3, 2}, at + "attn/order"), {0, features, kQuestions, 1}, at + "attn/answers",
                ir::Shape{{-1, "batch"}, {features, ""}, {kQuestions, ""}, {1, ""}});
  x = b.linear(x, at + "attn.proj");
  const ir::ValueId mixed =
      b.gelu(b.linear(b.layer_norm(x, at + "norm2", kNormEpsilon), at + "mlp.fc1"), at + "mlp.act");
  return b.add(x, b.linear(mixed, at + "mlp.fc2"), at + "sum");
}

// Answers from number `from` to `to`, made one number each and added to what training began with: [batch, *shape].
ir::ValueId number_of(Builder& b, ir::ValueId all, std::int64_t from, std::int64_t to, const std::string& name,
                      const std::vector<std::int64_t>& shape) {
  const std::string at = "global_net." + name;
  const ir::Shape part{{-1, "batch"}, b.failed() ? ir::Dimension{} : b.shape_of(all)[1], {to - from, ""}, {1, ""}};
  const ir::ValueId asked =
      b.node("Slice", {all, b.numbers({from}, at + "/from"), b.numbers({to}, at + "/to"), b.numbers({2}, at + "/axis")},
             at + "/answers", {}, part);
  std::vector<std::int64_t> whole{0};
  whole.insert(whole.end(), shape.begin(), shape.end());
  const ir::ValueId number = b.reshape(b.linear(asked, at + "_linear"), whole, at);
  return b.node("Add", {number, b.parameter(at + "_base", shape)}, at + "_sum", {}, {});
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an IAT");
  Builder b(state, "IAT", 3);
  const ir::ValueId picture = b.input();
  const ir::ValueId head = b.leaky_relu(b.conv(picture, "local_net.conv1"), kSlope, "local_net.relu");
  const ir::ValueId mul = b.relu(local_branch(b, head, "mul", p->blocks), "local_net.mul_end.1");
  const ir::ValueId add = b.tanh(local_branch(b, head, "add", p->blocks), "local_net.add_end.1");
  const ir::ValueId lit = b.add(b.multiply(picture, mul, "multiplied"), add, "local");
  const ir::ValueId all = answers(b, picture, p->global_features);
  const ir::ValueId gamma = number_of(b, all, 0, 1, "gamma", {1, 1});
  const ir::ValueId colours = number_of(b, all, 1, kQuestions, "color", {3, 3});
  ir::ValueId x = b.matmul(colours, b.reshape(lit, {0, 3, -1}, "pixels"), "coloured");
  x = b.node("Pow", {b.clip(x, kDarkest, 1, "clip"), gamma}, "brightened", {}, {});
  const ir::ValueId sides = b.arithmetic("Concat", {b.numbers({0, 3}, "kept"), b.sizes(b.input(), 2, 4, "sides")},
                                         "shape", {{"axis", std::int64_t{0}}});
  x = b.reshape(x, sides, "picture", b.shape_of(b.input()));

  Task task;
  task.kind = "low-light enhancement";
  task.range_low = -1;
  task.range_out = Range{0, 1};
  return b.finish(x, std::move(task),
                  {{"features", std::to_string(p->features)},
                   {"global_features", std::to_string(p->global_features)},
                   {"blocks", std::to_string(p->blocks)}});
}

}  // namespace

constinit const Architecture kIat{
    "IAT",
    "Illumination-Adaptive Transformer, Cui et al. 2022, arXiv:2205.14871",
    "local_net.conv#.weight local_net.mul_blocks.#.norm#.alpha local_net.add_blocks.#.mlp.fc#.weight "
    "global_net.gamma_base global_net.conv_large.proj.#.running_mean global_net.generator.attn.q",
    recognises,
    build,
    "a 1e-8 that fp16 does not hold, before a power; colours and gamma that are those of the whole picture"};

}  // namespace mantissa::net
