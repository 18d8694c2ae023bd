#include "quant/protect_layers.h"

#include <gtest/gtest.h>

#include "quant/test_judge.h"

namespace mantissa::quant {
namespace {

TEST(ProtectLayers, LeavesAGoodVariantAlone) {
  FakeJudge fake{{1e-6, 1e-6}};
  const auto protection = protect_layers(layers_of({1, 1}), std::ref(fake), {});
  ASSERT_TRUE(protection.ok());
  EXPECT_TRUE(protection->steps.empty());
  EXPECT_EQ(fake.calls, 1);  // no layer was tried
}

TEST(ProtectLayers, TakesTheLayerThatBuysMostPerWork) {
  FakeJudge fake{{1e-5, 2e-4, 2.1e-4, 1e-5}, 2.5e-4};
  const auto protection = protect_layers(layers_of({10, 1, 10, 10}), std::ref(fake), {.largest_shares = {0.9}});
  ASSERT_TRUE(protection.ok());
  ASSERT_EQ(protection->steps.size(), 1U);
  EXPECT_EQ(protection->steps[0].node, ir::NodeId(1));
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_NEAR(protection->steps[0].share_in_float, 1.0 / 31, 1e-9);
}

TEST(ProtectLayers, GoesOnUntilTheGateIsPassed) {
  FakeJudge fake{{1e-5, 1e-5, 1e-5, 1e-5}, 2.2e-5};
  const auto protection = protect_layers(layers_of({1, 1, 1, 1}), std::ref(fake), {.largest_shares = {1}});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_GT(protection->steps[0].gain, 0);
}

TEST(ProtectLayers, TriesFewCombinationsOfManyLayers) {
  FakeJudge fake{std::vector<double>(64, 1e-5), 3e-4};
  const auto protection =
      protect_layers(layers_of(std::vector<double>(64, 1)), std::ref(fake), {.largest_shares = {1}});
  ASSERT_TRUE(protection.ok());
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_EQ(protection->steps.size(), 35U);  // 29 layers are allowed to err
  EXPECT_LE(fake.calls, 1 + 64 + 7 + 6 + 8);
}

TEST(ProtectLayers, KeepsToItsShareOfTheWork) {
  FakeJudge fake{{1e-3, 1e-3, 1e-3, 1e-3}, 1e-6};
  const auto protection = protect_layers(layers_of({1, 1, 1, 1}), std::ref(fake), {.largest_shares = {0.5}});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->steps.back().share_in_float, 0.5);
}

TEST(ProtectLayers, TakesALargeLayerWhereBargainsAreNotEnough) {
  FakeJudge fake{{2e-4, 2e-3, 2e-4}, 5e-4};
  const auto protection = protect_layers(layers_of({1, 45, 54}), std::ref(fake), {.largest_shares = {0.45}});
  ASSERT_TRUE(protection.ok());
  ASSERT_EQ(protection->steps.size(), 1U);
  EXPECT_EQ(protection->steps[0].node, ir::NodeId(1));
}

// One after another, the first leaves no room for layers 1 and 2 (by what it is worth layer 0, for its price layer 3).
TEST(ProtectLayers, LooksAtEveryCombinationOfFewLayers) {
  FakeJudge fake{{10e-5, 9e-5, 9e-5, 1e-5}, 12e-5};
  const auto protection = protect_layers(layers_of({50, 38, 37, 2}), std::ref(fake), {.largest_shares = {0.6}});
  ASSERT_TRUE(protection.ok());
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_EQ(protection->steps.size(), 2U);
}

// One check that no share of the layers mends, and one that every layer of the share is needed for.
TEST(ProtectLayers, LosesNoCheckThatPassesWhereAnotherCannot) {
  const auto judge = [](const std::vector<ir::NodeId>& in_float, Effort) -> Result<Loss> {
    const double in_integers = 4 - static_cast<double>(in_float.size());
    return Loss{40, {1.5 + 0.001 * in_integers, 0.45 * in_integers}};
  };
  const auto protection = protect_layers(layers_of({1, 1, 1, 1}), judge, {.largest_shares = {0.5}});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->after.shares[1], 1);
}

// Two ways to pass: layers 1 and 2 cost less time, layer 0 is one change.
TEST(ProtectLayers, AddsNoMoreTimeThanIsWantedWhereThatPasses) {
  const auto judge = [](double float_cost) {
    FakeJudge fake{{4e-4, 2e-4, 2e-4, 1e-5}, 4.5e-4};
    return protect_layers(layers_of({10, 4, 4, 82}), std::ref(fake), {.float_cost = float_cost, .wanted_time = 0.09});
  };
  const auto cheap = judge(1.0), dear = judge(2.0);
  ASSERT_TRUE(cheap.ok());
  ASSERT_TRUE(dear.ok());
  ASSERT_EQ(cheap->steps.size(), 1U);  // in no time at all, the fewer the better
  EXPECT_EQ(cheap->steps[0].node, ir::NodeId(0));
  EXPECT_EQ(cheap->steps[0].time, 0);
  ASSERT_EQ(dear->steps.size(), 2U);
  EXPECT_LE(dear->after.of_allowed(), 1);
  EXPECT_NEAR(dear->steps[1].time, 0.08, 1e-9);
}

TEST(ProtectLayers, TakesMoreThanIsWantedRatherThanFail) {
  FakeJudge fake{{1e-3, 1e-5, 1e-5}, 1e-4};
  const auto protection = protect_layers(layers_of({45, 45, 10}), std::ref(fake), {.wanted_time = 0.1});
  ASSERT_TRUE(protection.ok());
  EXPECT_LE(protection->after.of_allowed(), 1);
  ASSERT_EQ(protection->steps.size(), 1U);
  EXPECT_EQ(protection->steps[0].node, ir::NodeId(0));
}

// The rough judgement thinks that layer 0 errs most; in full it adds nothing.
TEST(ProtectLayers, GivesBackWhatIsNotNeeded) {
  FakeJudge real{{1e-7, 3e-4, 3e-4, 1e-6}, 1e-5}, seeming{{1e-3, 3e-4, 3e-4, 1e-6}, 1e-5};
  const auto judge = [&](const std::vector<ir::NodeId>& in_float, Effort effort) {
    return effort == Effort::full ? real(in_float, effort) : seeming(in_float, effort);
  };
  const auto protection = protect_layers(layers_of({10, 10, 10, 70}), judge, {.largest_shares = {0.5}});
  ASSERT_TRUE(protection.ok());
  EXPECT_LE(protection->after.of_allowed(), 1);
  ASSERT_EQ(protection->steps.size(), 2U);
  for (const ProtectionStep& step : protection->steps) EXPECT_NE(step.node, ir::NodeId(0));
  EXPECT_NEAR(protection->steps.back().share_in_float, 0.2, 1e-9);
}

TEST(ProtectLayers, GivesUpNoMoreWorkForWhatIsBearable) {
  FakeJudge fake{{1e-4, 1e-4, 1e-4, 1e-4}, 1e-4};
  for (const bool bearable : {false, true}) {
    const auto judge = [&](const std::vector<ir::NodeId>& in_float, Effort effort) -> Result<Loss> {
      MANTISSA_ASSIGN(Loss loss, fake(in_float, effort));
      loss.bearable = bearable && loss.of_allowed() < 2.5;
      return loss;
    };
    const auto protection = protect_layers(layers_of({1, 1, 1, 1}), judge, {.largest_shares = {0.5, 0.8}});
    ASSERT_TRUE(protection.ok());
    EXPECT_EQ(protection->steps.size(), bearable ? 2U : 3U);
  }
}

// With what an earlier run measured: only combinations are judged.
TEST(ProtectLayers, ReachesANarrowerAimWithoutMeasuringAgain) {
  FakeJudge fake{{1e-4, 2e-4, 3e-4, 4e-4}, 8e-4};
  const auto first = protect_layers(layers_of({1, 1, 1, 1}), std::ref(fake), {.largest_shares = {0.5, 0.8}});
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->steps.size(), 1U);
  ASSERT_EQ(first->measured.layers.size(), 4U);
  fake.calls = 0;
  const ProtectOptions narrower{.largest_shares = {0.5, 0.8}, .aim = 0.25, .measured = &first->measured};
  const auto second = protect_layers(layers_of({1, 1, 1, 1}), std::ref(fake), narrower);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->steps.size(), 3U);
  EXPECT_LE(second->after.of_allowed(), 0.25);
  EXPECT_LE(fake.calls, 1 + 5 + 2 + 2);  // nothing in float, the limits, bisection, giving back
}

TEST(ProtectLayers, StopsWhenItsTimeIsUp) {
  FakeJudge fake{{1e-3, 1e-3}, 1e-6};
  const auto protection = protect_layers(layers_of({1, 1}), std::ref(fake), {.budget = -1});
  ASSERT_TRUE(protection.ok());
  EXPECT_TRUE(protection->out_of_time);
  EXPECT_TRUE(protection->steps.empty());
}

// Measuring used up all of it.
TEST(ProtectLayers, TriesWhatItMeasuredEvenWhenTimeIsUp) {
  FakeJudge fake{{1e-3, 1e-5, 1e-5}, 1e-4};
  double now = 0;
  const auto judge = [&](const std::vector<ir::NodeId>& in_float, Effort effort) {
    now += 1;
    return fake(in_float, effort);
  };
  const auto protection = protect_layers(layers_of({45, 45, 10}), judge,
                                         {.wanted_time = 0.1, .budget = 4, .clock = [&now] { return now; }});
  ASSERT_TRUE(protection.ok());
  EXPECT_TRUE(protection->out_of_time);
  EXPECT_LE(protection->after.of_allowed(), 1);
}

TEST(ProtectLayers, HandsOnAnError) {
  const auto protection =
      protect_layers(layers_of({1}), [](const auto&, Effort) -> Result<Loss> { return bad_input("no"); }, {});
  ASSERT_FALSE(protection.ok());
  EXPECT_EQ(protection.error().what, "no");
}

}  // namespace
}  // namespace mantissa::quant
