#include "quant/correct_bias.h"

#include "quant/weight_layers.h"

namespace mantissa::quant {

Result<void> correct_bias(ir::Graph& graph, ir::NodeId convolution, const std::vector<float>& before,
                          const ValueStatistics& input) {
  const ir::Tensor& weight = *graph.constant_input(convolution, 1);
  MANTISSA_ASSIGN(const std::vector<float> after, weight.floats());
  const auto outputs = static_cast<std::size_t>(weight.shape[0]);
  const auto inputs_per_group = static_cast<std::size_t>(weight.shape[1]);
  const std::size_t taps = after.size() / (outputs * inputs_per_group);
  const auto groups = static_cast<std::size_t>(graph.integer(convolution, "group", 1));
  if (input.channels.size() != inputs_per_group * groups)
    return {};  // not one picture channel a weight: nothing to go by

  std::vector<float> bias(outputs, 0.0F);
  const ir::Tensor* old = graph.constant_input(convolution, 2);
  if (old != nullptr) {
    MANTISSA_ASSIGN(bias, old->floats());
  } else if (has_computed_bias(graph, convolution)) {
    return {};
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    const std::size_t first_input = o / (outputs / groups) * inputs_per_group;
    double shift = 0;
    for (std::size_t i = 0; i < inputs_per_group; ++i) {
      double difference = 0;
      for (std::size_t t = 0; t < taps; ++t) {
        const std::size_t index = (o * inputs_per_group + i) * taps + t;
        difference += static_cast<double>(after[index]) - before[index];
      }
      shift += difference * input.channels[first_input + i].mean();
    }
    bias[o] = static_cast<float>(bias[o] - shift);
  }

  const std::string name = graph.value(graph.node(convolution).outputs[0]).name + "_bias";
  const ir::ValueId corrected =
      graph.add_constant(name, ir::Tensor::of_floats({static_cast<std::int64_t>(outputs)}, std::move(bias)));
  graph.set_input(convolution, 2, corrected);
  return {};
}

}  // namespace mantissa::quant
