// What the tests of quantized and half files share: small networks and pictures, what engines make of them, and how near
// that is.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "format/onnx.h"
#include "quant/statistics.h"
#include "release/engines.h"
#include "run/test_networks.h"

namespace mantissa::test {

using quant::Batch;

inline constexpr std::string_view kOnnxRuntime = "onnxruntime-cpu";

// As the pipeline has it: with formats and shapes inferred.
inline ir::Graph inferred(const ir::Graph& graph) {
  auto read = format::with_inferred_shapes(graph);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return *std::move(read);
}

// The small network of the engines' tests; its output is larger than its input, so its sizes have other names.
inline ir::Graph small_graph(int stride = 1) {
  ir::Graph graph = run::small_network(3, 2, stride).graph;
  graph.value(graph.outputs[0]).shape = ir::Shape{{1, ""}, {3, ""}, {-1, "restored_height"}, {-1, "restored_width"}};
  return inferred(graph);
}

inline std::vector<Batch> some_pictures(int count, int first, int channels) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) {
    image::Picture picture = run::random_picture(40 + 2 * (first + i), 32, channels);
    for (std::size_t s = 1; s < picture.samples.size(); ++s)
      picture.samples[s] = 0.2F * picture.samples[s] + 0.8F * picture.samples[s - 1];
    batches.push_back({{1, channels, picture.height, picture.width}, picture.samples});
  }
  return batches;
}

inline std::vector<std::vector<float>> outputs(const ir::Graph& graph, std::span<const Batch> inputs,
                                               std::string_view provider, bool optimize = true) {
  std::vector<std::vector<float>> all;
  const auto done = release::execute_on(provider, {.optimize = optimize, .tap = {}})(
      graph, inputs, {}, [&](std::size_t, Batch output) { all.push_back(std::move(output.values)); });
  EXPECT_TRUE(done.ok()) << done.error().message();
  return all;
}

// Signal to noise, in dB: the signal is what varies in the reference.
inline double decibels(const std::vector<std::vector<float>>& reference, const std::vector<std::vector<float>>& other) {
  double sum = 0, squares = 0, errors = 0, count = 0;
  EXPECT_EQ(reference.size(), other.size());
  for (std::size_t i = 0; i < std::min(reference.size(), other.size()); ++i)
    for (std::size_t k = 0; k < reference[i].size(); ++k) {
      sum += reference[i][k];
      squares += static_cast<double>(reference[i][k]) * reference[i][k];
      errors += std::pow(static_cast<double>(other[i][k]) - reference[i][k], 2);
      ++count;
    }
  return 10 * std::log10((squares - sum * sum / count) / errors);
}

inline quant::Statistics observed(const ir::Graph& graph, std::span<const Batch> inputs) {
  quant::StatisticsRequest request;
  request.values = graph.inputs;
  for (const ir::NodeId node : graph.sorted()) {
    for (const ir::ValueId value : graph.node(node).outputs)
      if (graph.value(value).format == base::NumberFormat::float32) request.values.push_back(value);
    request.convolutions.push_back(node);
  }
  auto statistics = quant::calibrate(graph, request, inputs, release::execute_on(kOnnxRuntime), 1);
  EXPECT_TRUE(statistics.ok()) << statistics.error().message();
  return *std::move(statistics);
}

}  // namespace mantissa::test
