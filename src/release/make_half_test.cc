#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/cpu.h"
#include "format/onnx.h"
#include "net/network.h"
#include "release/engines.h"
#include "release/make_variants.h"
#include "run/test_networks.h"

namespace mantissa::release {
namespace {

constexpr std::int64_t kSide = 64;

// Two convolutions whose weights and biases lie far from what bfloat16 holds: as they are rounded, the picture becomes
// brighter.
net::Network network_hard_for_bfloat16() {
  return run::pixel_by_pixel_network({{0.5011F, 0.2511F}, {0.5011F, 0.2511F}});
}

quant::Batch grey(int level) {
  return {{1, 1, kSide, kSide}, std::vector<float>(kSide * kSide, static_cast<float>(level) / 255)};
}

// Greys that no calibration tile has.
std::vector<quant::Batch> greys() {
  std::vector<quant::Batch> batches;
  for (int level = 5; level < 255; level += 10) batches.push_back(grey(level));
  return batches;
}

struct Outputs {
  std::vector<float> values;  // of each batch one
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value);
    return sum / static_cast<double>(values.size());
  }
};

Outputs outputs_of(const ir::Graph& graph, std::string_view provider) {
  Outputs outputs;
  const std::vector<quant::Batch> inputs = greys();
  const auto done = execute_on(provider)(graph, inputs, {}, [&](std::size_t, const quant::Batch& output) {
    outputs.values.push_back(output.values.front());
  });
  EXPECT_TRUE(done.ok()) << done.error().message();
  return outputs;
}

class MakeBf16 : public testing::Test {
 protected:
  void SetUp() override {
    if (!base::cpu().amx_bf16) GTEST_SKIP() << "the processor has no bfloat16 that OpenVINO would compute in";
    for (const int level : {0, 40, 100, 160, 220, 255}) calibration_.for_decisions.push_back(grey(level));
  }

  // In levels, how much brighter the file is than float32 in the mean.
  double shift_with(const quant::Techniques& techniques) {
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) /
        ("make_bf16_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    const net::Network network = network_hard_for_bfloat16();
    target::FileToMake file;
    file.spec = {.variant = "bf16", .path = "bf16/openvino.onnx", .qdq = "", .provider = "openvino-cpu"};
    const auto draft = make_bf16({network, {}, calibration_, techniques, {}, folder}, file);
    EXPECT_TRUE(draft.ok()) << draft.error().message();
    const auto graph = format::read_onnx(folder / file.spec.path);
    EXPECT_TRUE(graph.ok()) << graph.error().message();
    std::filesystem::remove_all(folder);
    return 255 * (outputs_of(*graph, "openvino-cpu").mean() - outputs_of(network.graph, "openvino-cpu").mean());
  }

  Calibration calibration_;
};

TEST_F(MakeBf16, TheOutputFitTakesBackWhatRoundingShifts) {
  quant::Techniques without;
  without.output_fit = false;
  const double before = shift_with(without), after = shift_with({});
  EXPECT_GT(std::abs(before), 0.2);
  EXPECT_LT(std::abs(after), 0.1);
}

}  // namespace
}  // namespace mantissa::release
