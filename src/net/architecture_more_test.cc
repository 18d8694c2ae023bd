// The architectures of test_more_states.h: recognised once, with the right task, and robust against damage. What they
// compute is compared with PyTorch in tests/architectures_torch_test.cc.
#include <gtest/gtest.h>

#include "ir/verify.h"
#include "net/architecture.h"
#include "net/test_more_states.h"

namespace mantissa::net {
namespace {

using test::MoreStates;

struct Case {
  const char* name;
  ir::StateDict state;
  int scale;
  bool local;  // a finite receptive field
};

std::vector<Case> cases() {
  MoreStates states;
  return {{"IMDN", states.imdn(3, 8, 2, 4), 4, false},
          {"IMDN", states.imdn(1, 16, 1, 3), 3, false},
          {"NAFNet", states.nafnet(3, 4, 2), 1, false},
          {"NAFNet", states.nafnet(1, 2, 1), 1, false},
          {"DRUNet", states.drunet(3, 4, true), 1, true},
          {"DRUNet", states.drunet(1, 2, false), 1, true},
          {"SCUNet", states.scunet(3, 8, 8), 1, true},
          {"SCUNet", states.scunet(1, 4, 4), 1, true},
          {"SwinIR", states.swinir("classic", 3, 8, 8), 2, true},
          {"SwinIR", states.swinir("lightweight", 1, 4, 7), 2, true},
          {"SwinIR", states.swinir("real", 3, 8, 4), 2, true},
          {"SwinIR", states.swinir("", 3, 8, 7), 1, true},
          {"PLKSR", states.plksr(3, 8, 2, false), 2, true},
          {"RealPLKSR", states.plksr(1, 8, 4, true), 4, false}};
}

TEST(MoreArchitectures, RecogniseEachNetworkExactlyOnce) {
  for (const auto& [name, state, scale, local] : cases()) {
    SCOPED_TRACE(name);
    int claims = 0;
    for (const Architecture& architecture : architectures()) claims += architecture.recognises(state) ? 1 : 0;
    EXPECT_EQ(claims, 1);
    const auto network = network_from_checkpoint(state);
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_EQ(network->architecture, name);
    EXPECT_EQ(network->task.scale, scale);
    EXPECT_EQ(network->task.radius.has_value(), local);
    EXPECT_TRUE(ir::verify(network->graph).ok());
  }
}

TEST(MoreArchitectures, OnlySwinirAgainstJpegHasARangeOfItsOwn) {
  MoreStates states;
  EXPECT_EQ(network_from_checkpoint(states.swinir("", 3, 8, 7))->task.assumed.size(), 1U);
  EXPECT_TRUE(network_from_checkpoint(states.swinir("", 3, 8, 8))->task.assumed.empty());
  EXPECT_TRUE(network_from_checkpoint(states.swinir("classic", 3, 8, 7))->task.assumed.empty());
}

TEST(MoreArchitectures, BuffersThatDoNotBelongAreRefused) {
  MoreStates states;
  ir::StateDict state = states.swinir("real", 3, 8, 2);
  const std::string at = "layers.0.residual_group.blocks.0.attn.relative_position_index";
  // Windows of 2x2: rows apart times 3 and columns apart, both from 0.
  std::vector<std::int64_t> index{4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4};
  state.tensors.emplace_back(at, ir::Tensor::of_integers({4, 4}, index));
  EXPECT_TRUE(network_from_checkpoint(state).ok());
  index[3] = 1;
  state.tensors.back().second = ir::Tensor::of_integers({4, 4}, index);
  const auto wrong = network_from_checkpoint(state);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find(at), std::string::npos) << wrong.error().message();
}

// Each tensor in turn takes other shapes, whole or cut off: an error, or a graph that holds together.
TEST(MoreArchitectures, DamageIsRefusedOrHoldsTogether) {
  const std::vector<std::vector<std::int64_t>> shapes{{},        {0},          {1},          {8},       {8, 8},
                                                      {49, 2},   {2, 7, 7},    {8, 8, 1, 1}, {3, 3},    {1, 8, 1, 1},
                                                      {2, 2, 2}, {8, 8, 2, 2}, {8, 3, 3, 3}, {8, 8, 3}, {0, 8, 3, 3}};
  std::string last;
  for (const auto& [name, sound, scale, local] : cases()) {
    if (name == last) continue;  // one of each is enough
    last = name;
    for (std::size_t i = 0; i < sound.tensors.size(); ++i) {
      SCOPED_TRACE(std::string(name) + " " + sound.tensors[i].first);
      ir::StateDict damaged = sound;
      const auto holds_together = [&] {
        const auto network = network_from_checkpoint(damaged);
        EXPECT_TRUE(!network.ok() || ir::verify(network->graph).ok());
      };
      for (const auto& shape : shapes) {
        ir::Tensor& tensor = damaged.tensors[i].second;
        tensor = sound.tensors[i].second;
        const bool is_other = tensor.shape != shape;
        tensor.shape = shape;
        EXPECT_TRUE(!is_other || tensor.fits() || !network_from_checkpoint(damaged).ok());
        std::size_t count = 1;
        for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
        tensor = ir::Tensor::of_floats(shape, std::vector<float>(count, 0.5F));
        holds_together();
      }
      damaged.tensors.erase(damaged.tensors.begin() + static_cast<std::ptrdiff_t>(i));
      holds_together();
    }
  }
}

}  // namespace
}  // namespace mantissa::net
