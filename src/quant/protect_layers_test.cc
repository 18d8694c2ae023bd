#include "quant/protect_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace mantissa::quant {
namespace {

// A network whose layers add independent squared errors; a layer in float adds none.
struct Fake {
  std::vector<double> errors;
  double allowed = 1;  // squared error
  int calls = 0;

  Result<Loss> operator()(const std::vector<ir::NodeId>& in_float, Effort) {
    ++calls;
    double total = 1e-6;
    for (std::size_t i = 0; i < errors.size(); ++i)
      if (std::find(in_float.begin(), in_float.end(), ir::NodeId(i)) == in_float.end()) total += errors[i];
    return Loss{-10 * std::log10(total), {total / allowed}};
  }
};

std::vector<Layer> layers(const std::vector<double>& macs) {
  std::vector<Layer> result;
  for (std::size_t i = 0; i < macs.size(); ++i) result.push_back({ir::NodeId(i), macs[i]});
  return result;
}

TEST(ProtectLayers, LeavesAGoodVariantAlone) {
  Fake fake{{1e-6, 1e-6}};
  const auto protection = protect_layers(layers({1, 1}), std::ref(fake), {});
  ASSERT_TRUE(protection.ok());
  EXPECT_TRUE(protection->steps.empty());
  EXPECT_EQ(fake.calls, 1);  // no layer was tried
}

TEST(ProtectLayers, TakesTheLayerThatBuysMostPerWork) {
  Fake fake{{1e-5, 2e-4, 2.1e-4, 1e-5}, 2.5e-4};
  const auto protection = protect_layers(layers({10, 1, 10, 10}), std::ref(fake), {.largest_share = 0.9});
  ASSERT_TRUE(protection.ok());
  ASSERT_EQ(protection->steps.size(), 1U);
  EXPECT_EQ(protection->steps[0].node, ir::NodeId(1));
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_NEAR(protection->steps[0].share_in_float, 1.0 / 31, 1e-9);
}

TEST(ProtectLayers, GoesOnUntilTheGateIsPassed) {
  Fake fake{{1e-5, 1e-5, 1e-5, 1e-5}, 2.2e-5};
  const auto protection = protect_layers(layers({1, 1, 1, 1}), std::ref(fake), {.largest_share = 1});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_GT(protection->steps[0].gain, 0);
}

TEST(ProtectLayers, TriesFewCombinationsOfManyLayers) {
  Fake fake{std::vector<double>(64, 1e-5), 3e-4};
  const auto protection = protect_layers(layers(std::vector<double>(64, 1)), std::ref(fake), {.largest_share = 1});
  ASSERT_TRUE(protection.ok());
  EXPECT_LE(protection->after.of_allowed(), 1);
  EXPECT_EQ(protection->steps.size(), 35U);  // 29 layers are allowed to err
  EXPECT_LE(fake.calls, 2 + 64 + 8);
}

TEST(ProtectLayers, KeepsToItsShareOfTheWork) {
  Fake fake{{1e-3, 1e-3, 1e-3, 1e-3}, 1e-6};
  const auto protection = protect_layers(layers({1, 1, 1, 1}), std::ref(fake), {.largest_share = 0.5});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->steps.back().share_in_float, 0.5);
}

TEST(ProtectLayers, TakesALargeLayerWhereBargainsAreNotEnough) {
  Fake fake{{2e-4, 2e-3, 2e-4}, 5e-4};
  const auto protection = protect_layers(layers({1, 45, 54}), std::ref(fake), {.largest_share = 0.45});
  ASSERT_TRUE(protection.ok());
  ASSERT_EQ(protection->steps.size(), 1U);
  EXPECT_EQ(protection->steps[0].node, ir::NodeId(1));
}

// One check that no share of the layers mends, and one that every layer of the share is needed for.
TEST(ProtectLayers, LosesNoCheckThatPassesWhereAnotherCannot) {
  const auto judge = [](const std::vector<ir::NodeId>& in_float, Effort) -> Result<Loss> {
    const double in_integers = 4 - static_cast<double>(in_float.size());
    return Loss{40, {1.5 + 0.001 * in_integers, 0.45 * in_integers}};
  };
  const auto protection = protect_layers(layers({1, 1, 1, 1}), judge, {.largest_share = 0.5});
  ASSERT_TRUE(protection.ok());
  EXPECT_EQ(protection->steps.size(), 2U);
  EXPECT_LE(protection->after.shares[1], 1);
}

TEST(ProtectLayers, StopsWhenItsTimeIsUp) {
  Fake fake{{1e-3, 1e-3}, 1e-6};
  const auto protection = protect_layers(layers({1, 1}), std::ref(fake), {.budget = std::chrono::duration<double>(-1)});
  ASSERT_TRUE(protection.ok());
  EXPECT_TRUE(protection->out_of_time);
  EXPECT_TRUE(protection->steps.empty());
}

TEST(ProtectLayers, HandsOnAnError) {
  const auto protection =
      protect_layers(layers({1}), [](const auto&, Effort) -> Result<Loss> { return bad_input("no"); }, {});
  ASSERT_FALSE(protection.ok());
  EXPECT_EQ(protection.error().what, "no");
}

}  // namespace
}  // namespace mantissa::quant
