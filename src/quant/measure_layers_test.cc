#include "quant/measure_layers.h"

#include <gtest/gtest.h>

#include "quant/test_judge.h"

namespace mantissa::quant {
namespace {

// A judgement takes 1.
struct Watched {
  FakeJudge judge;
  double time;

  Result<MeasuredLayers> measure(const std::vector<Layer>& layers) {
    const Loss before = judge({}, Effort::full).value();
    judge.calls = 0;
    return measure_layers(layers, before, std::ref(judge), [&] { return time - judge.calls; });
  }
};

std::vector<double> errors_of(const MeasuredLayers& measured) {
  std::vector<double> errors;
  for (const MeasuredLayer& layer : measured.layers) errors.push_back(layer.shares[0]);
  return errors;
}

TEST(MeasureLayers, MeasuresEachAloneWhereThereIsTime) {
  Watched watched{{{4e-3, 1e-3, 2e-3, 3e-3}, 1e-3}, 4};
  const auto measured = watched.measure(layers_of({1, 1, 1, 1}));
  ASSERT_TRUE(measured.ok());
  EXPECT_EQ(watched.judge.calls, 4);
  EXPECT_FALSE(measured->out_of_time);
  const std::vector<double> errors = errors_of(*measured), expected = {4, 1, 2, 3};
  ASSERT_EQ(errors.size(), 4U);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    EXPECT_NEAR(errors[i], expected[i], 0.01);
    EXPECT_EQ(measured->layers[i].layer.node, ir::NodeId(i));
    EXPECT_GT(measured->layers[i].gain, 0);
  }
}

TEST(MeasureLayers, FindsTheWorstOfHundredsInFewJudgements) {
  std::vector<double> errors(400, 1e-6);
  errors[77] = 4e-3;
  errors[301] = 2e-3;
  Watched watched{{errors, 1e-3}, 60};
  const auto measured = watched.measure(layers_of(std::vector<double>(400, 1)));
  ASSERT_TRUE(measured.ok());
  EXPECT_LE(watched.judge.calls, 61);
  ASSERT_EQ(measured->layers.size(), 400U);  // each is a candidate
  const std::vector<double> found = errors_of(*measured);
  EXPECT_EQ(std::max_element(found.begin(), found.end()) - found.begin(), 77);
  EXPECT_NEAR(found[77], 4, 0.1);
  EXPECT_NEAR(found[301], 2, 0.1);
}

TEST(MeasureLayers, MakesTheSameJudgementsAndMoreWithMoreTime) {
  std::vector<double> errors;
  for (int i = 0; i < 130; ++i) errors.push_back(1e-5 * (i % 13));
  const auto judged_in = [&](double time) {
    std::vector<std::vector<ir::NodeId>> judged;
    FakeJudge fake{errors, 1e-3};
    const auto judge = [&](const std::vector<ir::NodeId>& in_float, Effort effort) {
      if (effort == Effort::rough) judged.push_back(in_float);
      return fake(in_float, effort);
    };
    const Loss before = judge({}, Effort::full).value();
    fake.calls = 0;
    EXPECT_TRUE(
        measure_layers(layers_of(std::vector<double>(130, 1)), before, judge, [&] { return time - fake.calls; }).ok());
    return judged;
  };
  const auto few = judged_in(40), more = judged_in(50);
  ASSERT_LT(few.size(), more.size());
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i], more[i]);
}

TEST(MeasureLayers, SharesOutWhatAGroupAddsByWhatIsExpected) {
  Watched watched{{{1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3}, 1e-3}, 3};  // time for one group
  std::vector<Layer> layers = layers_of({1, 1, 1, 1, 1, 1});
  layers[2].expected_error = 5;
  const auto measured = watched.measure(layers);
  ASSERT_TRUE(measured.ok());
  EXPECT_TRUE(measured->out_of_time);
  const std::vector<double> errors = errors_of(*measured);
  ASSERT_EQ(errors.size(), 6U);
  EXPECT_NEAR(errors[0], 1, 0.01);
  EXPECT_NEAR(errors[1], 0.5, 0.01);  // of 4, which 1 + 5 + 1 + 1 shared
  EXPECT_NEAR(errors[2], 2.5, 0.01);
  EXPECT_NEAR(errors[5], 1, 0.01);
}

TEST(MeasureLayers, ExpectsMoreErrorWhereAFewValuesAreFarAway) {
  std::vector<float> even, outlier;
  for (int i = 0; i < 1000; ++i) even.push_back(static_cast<float>(i % 10) / 10);
  outlier = even;
  outlier[500] = 100;
  const auto error_of = [](const std::vector<float>& values) {
    std::vector<ChannelStatistics> channel(1);
    channel[0].add(values);
    return expected_error(Histogram(channel));
  };
  EXPECT_GT(error_of(outlier), 10 * error_of(even));
  EXPECT_EQ(error_of({0, 0}), 0);
}

TEST(MeasureLayers, LeavesOutWhatThereIsNoTimeFor) {
  Watched watched{{{1e-3, 1e-3, 1e-3, 1e-3}, 1e-3}, 1};
  const auto measured = watched.measure(layers_of({1, 1, 1, 1}));
  ASSERT_TRUE(measured.ok());
  EXPECT_TRUE(measured->out_of_time);
  EXPECT_EQ(measured->layers.size(), 1U);
}

TEST(MeasureLayers, HandsOnAnError) {
  const auto measured = measure_layers(
      layers_of({1}), {40, {2}}, [](const auto&, Effort) -> Result<Loss> { return bad_input("no"); },
      [] { return 1.0; });
  ASSERT_FALSE(measured.ok());
  EXPECT_EQ(measured.error().what, "no");
}

}  // namespace
}  // namespace mantissa::quant
