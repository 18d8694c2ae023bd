#include "release/trial.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/cpu.h"
#include "run/test_networks.h"

namespace mantissa::release {
namespace {

// One convolution whose weight bfloat16 rounds to 1: in bfloat16 white comes out a level too dark.
net::Network network_hard_for_bfloat16() { return run::pixel_by_pixel_network({{1.0038F, -0.002F}}); }

target::FileToMake file_in_bfloat16() {
  target::FileToMake file;
  file.spec = {.variant = "int8", .path = "int8/openvino.onnx", .qdq = "inputs_only", .provider = "openvino-cpu"};
  file.spec.floats = base::NumberFormat::bfloat16;
  file.format = {.activations = base::NumberFormat::uint8, .weights = base::NumberFormat::int8};
  return file;
}

// What the file computes in bfloat16 is an error like any other, and nothing to aim at.
TEST(Trial, JudgesAgainstFloat32WhateverFloatsTheFileHas) {
  if (!base::cpu().amx_bf16) GTEST_SKIP() << "the processor has no bfloat16 that OpenVINO would compute in";
  const net::Network network = network_hard_for_bfloat16();
  const target::FileToMake file = file_in_bfloat16();
  Calibration calibration;
  for (const float level : {0.9F, 1.0F})
    calibration.for_decisions.push_back({{1, 1, 64, 64}, std::vector<float>(std::size_t{64} * 64, level)});
  quant::Techniques techniques;
  techniques.output_fit = false;
  Trial trial(network, file, {}, calibration, techniques);
  ASSERT_TRUE(trial.run_fp32(std::numeric_limits<double>::infinity()).ok());
  const auto loss = trial.judge(network.graph.sorted(), quant::Effort::full);
  ASSERT_TRUE(loss.ok()) << loss.error().message();
  EXPECT_LT(loss->decibels, 60);
}

}  // namespace
}  // namespace mantissa::release
