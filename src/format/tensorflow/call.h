// One node of a TensorFlow graph, with what goes into it, on its way into the IR.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/tensorflow/graph_def.h"
#include "format/tensorflow/held.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

using IrAttributes = std::map<std::string, ir::Attribute, std::less<>>;

inline constexpr std::string_view kUseTf2onnx =
    "Convert it to ONNX: python -m tf2onnx.convert --graphdef FILE --inputs NAME:0 --outputs NAME:0 --output "
    "network.onnx";

// What the constants of a graph come to, over all of its nodes, so that a small file cannot ask for much memory.
struct Constants {
  // Those in another order of axes, by where their numbers lie and by the order: many nodes may share one.
  std::map<std::pair<const std::byte*, std::array<std::size_t, 4>>, ir::Tensor> turned;
  std::int64_t made = 0;  // elements that are not in the file
};

struct Call {
  ir::Graph& graph;
  Constants& constants;
  const TensorFlowNode& node;
  std::vector<Held> inputs;

  // The inputs, by what they have to be. Errors: (bad_input) too few of them; (unsupported) something else.
  [[nodiscard]] Result<Picture> picture(std::size_t index) const;
  [[nodiscard]] Result<ir::Tensor> constant(std::size_t index) const;                 // of float32
  [[nodiscard]] Result<std::vector<std::int64_t>> integers(std::size_t index) const;  // a constant of any rank
  [[nodiscard]] Result<Lengths> lengths(std::size_t index) const;
  [[nodiscard]] bool is_picture(std::size_t index) const;

  // A constant of four axes in another order: axis d of the result is axis order[d] of `tensor`.
  [[nodiscard]] Result<ir::Tensor> turned(const ir::Tensor& tensor, const std::array<std::size_t, 4>& order) const;

  // The layout that the attribute data_format states. Errors: an unknown one, or one that the picture does not have.
  [[nodiscard]] Result<Layout> layout_of(const Picture& picture) const;

  // A new node of the IR. The result has sides, channels and layout of `like`.
  [[nodiscard]] Picture add(std::string op, std::vector<ir::ValueId> values, IrAttributes attributes,
                            const Picture& like) const;
  // The same, with sides that nothing is known of.
  [[nodiscard]] Picture add_resized(std::string op, std::vector<ir::ValueId> values, IrAttributes attributes,
                                    const Picture& like) const;
  [[nodiscard]] ir::ValueId add_numbers(std::vector<std::int64_t> numbers, std::string_view suffix) const;
};

// Sides of its own: nothing is known of them but the value itself.
void forget_sides(Picture& picture);

// The picture that goes in has the channels that the first layer takes, where the file does not state them.
void settle_channels(ir::Graph& graph, const Picture& picture, std::int64_t channels);

[[nodiscard]] Error not_known(std::string what);  // (unsupported), with what to do

// One operator of TensorFlow. Returns what comes out of it, in order.
using Outputs = std::vector<Held>;
struct TensorFlowOperator {
  std::string_view op;
  Result<Outputs> (*convert)(Call& call);
};

// The lists, one a file: operators_<list>.cc.
[[nodiscard]] std::span<const TensorFlowOperator> window_operators();
[[nodiscard]] std::span<const TensorFlowOperator> element_operators();
[[nodiscard]] std::span<const TensorFlowOperator> layout_operators();
[[nodiscard]] std::span<const TensorFlowOperator> resize_operators();

}  // namespace mantissa::format
