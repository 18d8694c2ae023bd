// DRUNet (UNetRes): a U-Net of residual blocks without any bias, that is told the level of noise as one more channel.
//
//   [input, level] -> m_head -> m_down1 ... m_down3 -> m_body -> m_up3 ... m_up1, each after + what was seen on the way
//   down -> + m_head -> m_tail
//   block: x + conv(ReLU(conv(x)))
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  bool told = false;  // the level of noise
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "m_head");
  const auto tail = conv_shape(state, "m_tail");
  if (!head || !tail || !state.find("m_body.0.res.0.weight") || !colour_of_channels(tail->out)) return std::nullopt;
  if (head->in != tail->out && head->in != tail->out + 1) return std::nullopt;
  return Parameters{tail->out, head->out, head->in != tail->out};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId blocks(Builder& b, ir::ValueId x, const std::string& at, int first, int end) {
  for (int i = first; i < end; ++i) {
    const std::string res = at + std::to_string(i) + ".res.";
    x = b.add(x, b.conv(b.relu(b.conv(x, res + "0"), res + "1"), res + "2"), res + "sum");
  }
  return x;
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a DRUNet");
  Builder b(state, "DRUNet", p->channels);
  ir::ValueId x = b.input();
  if (p->told) x = b.concat({x, spread_level(b, b.add_level(), x)}, "told");
  std::vector<ir::ValueId> seen{b.conv(x, "m_head")};
  int count = 0;
  for (const char* level : {"1", "2", "3"}) {
    const std::string at = "m_down" + std::string(level) + ".";
    count = count_blocks(state, at, 0) - 1;
    x = blocks(b, seen.back(), at, 0, count);
    seen.push_back(b.conv(x, at + std::to_string(count), {.stride = 2, .padding = 0}));
  }
  x = blocks(b, seen.back(), "m_body.", 0, count_blocks(state, "m_body.", 0));
  for (const char* level : {"3", "2", "1"}) {
    const std::string at = "m_up" + std::string(level) + ".";
    x = b.conv_transpose(b.add(x, seen.back(), at + "sum"), at + "0", 2);
    x = blocks(b, x, at, 1, count_blocks(state, at, 0));
    seen.pop_back();
  }
  x = b.conv(b.add(x, seen.back(), "sum"), "m_tail");

  Task task = enlarging_task(p->channels, 1);
  if (p->told) task.kind = "denoising";
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"blocks", std::to_string(count)},
                   {"level of noise", p->told ? "told" : "not told"}});
}

}  // namespace

constinit const Architecture kDrunet{
    "DRUNet", "Plug-and-Play Image Restoration, Zhang et al. 2020, arXiv:2008.13751",
    "m_head.weight m_down#.#.res.#.weight m_down#.#.weight m_body.#.res.#.weight m_up#.#.weight m_tail.weight",
    recognises, build};

}  // namespace mantissa::net
