// Branches that do not fit together are refused. What merged layers compute is compared with PyTorch in
// tests/architectures_torch_test.cc.
#include "net/merge_branches.h"

#include <gtest/gtest.h>

#include "net/test_more_states.h"

namespace mantissa::net {
namespace {

using test::MoreStates;

ir::StateDict conv3xc() {
  MoreStates states;
  ir::StateDict state;
  states.conv(state, "a.sk", 4, 3, 1);
  states.conv(state, "a.conv.0", 6, 3, 1);
  states.conv(state, "a.conv.1", 8, 6, 3);
  states.conv(state, "a.conv.2", 4, 8, 1);
  states.conv(state, "a.eval_conv", 4, 3, 3);
  states.conv(state, "b", 2, 4, 3);
  return state;
}

TEST(MergeBranches, LeavesOthersAlone) {
  MoreStates states;
  const ir::StateDict plain = states.srvgg(3, 4, 1, 2);
  const auto same = merge_branches(plain);
  ASSERT_TRUE(same.ok());
  ASSERT_EQ(same->tensors.size(), plain.tensors.size());
  const auto merged = merge_branches(conv3xc());
  ASSERT_TRUE(merged.ok()) << merged.error().message();
  std::vector<std::string> keys;
  for (const auto& entry : merged->tensors) keys.push_back(entry.first);
  EXPECT_EQ(keys, (std::vector<std::string>{"a.eval_conv.weight", "a.eval_conv.bias", "b.weight", "b.bias"}));
  EXPECT_EQ(merged->find("a.eval_conv.weight")->shape, (std::vector<std::int64_t>{4, 3, 3, 3}));
}

// One by hand: every product of the three convolutions, and the skip in the middle.
TEST(MergeBranches, ComputesTheProduct) {
  const ir::StateDict state = conv3xc();
  const auto merged = *merge_branches(state);
  const auto at = [&](const char* key) { return *state.find(key)->floats(); };
  const auto first = at("a.conv.0.weight"), wide = at("a.conv.1.weight"), last = at("a.conv.2.weight");
  double sum = at("a.sk.weight")[2 * 3 + 1];
  for (std::size_t m = 0; m < 8; ++m)
    for (std::size_t k = 0; k < 6; ++k) sum += double{last[2 * 8 + m]} * wide[(m * 6 + k) * 9 + 4] * first[k * 3 + 1];
  EXPECT_NEAR((*merged.find("a.eval_conv.weight")->floats())[(2 * 3 + 1) * 9 + 4], sum, 1e-6);
}

TEST(MergeBranches, ThatDoNotFitAreRefused) {
  const ir::StateDict sound = conv3xc();
  for (const std::size_t i : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
    SCOPED_TRACE(sound.tensors[i].first);
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{}, {0}, {5}, {4, 3}, {4, 3, 2, 2}, {5, 5, 1, 1}, {4, 6, 3, 3}}) {
      ir::StateDict damaged = sound;
      std::size_t count = 1;
      for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
      damaged.tensors[i].second = ir::Tensor::of_floats(shape, std::vector<float>(count, 1));
      const auto merged = merge_branches(damaged);
      ASSERT_FALSE(merged.ok());
      EXPECT_EQ(merged.error().code, ErrorCode::bad_input);
      EXPECT_FALSE(merged.error().advice.empty());
      damaged.tensors[i].second = sound.tensors[i].second;
      damaged.tensors[i].second.shape = {std::int64_t{1} << 40, 1, 3, 3};  // not that many bytes
      EXPECT_FALSE(merge_branches(damaged).ok());
    }
  }
}

TEST(MergeBranches, OfManyChannelsAreTooMuchWork) {
  ir::StateDict state;
  const auto add = [&](const char* key, std::int64_t out, std::int64_t in, std::int64_t side) {
    state.tensors.emplace_back(
        key, ir::Tensor::of_floats({out, in, side, side},
                                   std::vector<float>(static_cast<std::size_t>(out * in * side * side))));
  };
  add("a.sk.weight", 2000, 2000, 1);
  add("a.conv.0.weight", 2000, 2000, 1);
  add("a.conv.1.weight", 1000, 2000, 3);
  add("a.conv.2.weight", 2000, 1000, 1);
  EXPECT_FALSE(merge_branches(state).ok());
}

}  // namespace
}  // namespace mantissa::net
