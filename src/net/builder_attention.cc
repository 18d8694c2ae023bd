// The layers of Builder that attention is made of. Matrix products with weights stay 1x1 convolutions on the picture.
#include <limits>

#include "net/builder.h"

namespace mantissa::net {
namespace {

using Integers = std::vector<std::int64_t>;

}  // namespace

ir::ValueId Builder::reshape(ir::ValueId x, ir::ValueId shape, const std::string& layer,
                             std::optional<ir::Shape> result) {
  return node("Reshape", {x, shape}, layer, {}, std::move(result));
}

ir::ValueId Builder::reshape(ir::ValueId x, Integers shape, const std::string& layer, std::optional<ir::Shape> result) {
  return reshape(x, numbers(std::move(shape), layer + "/shape"), layer, std::move(result));
}

ir::ValueId Builder::transpose(ir::ValueId x, Integers order, const std::string& layer,
                               std::optional<ir::Shape> result) {
  return node("Transpose", {x}, layer, {{"perm", std::move(order)}}, std::move(result));
}

ir::ValueId Builder::matmul(ir::ValueId a, ir::ValueId b, const std::string& layer) {
  return node("MatMul", {a, b}, layer, {}, {});
}

ir::ValueId Builder::layer_norm(ir::ValueId x, const std::string& layer, float epsilon) {
  if (error_) return x;
  const ir::Shape shape = shape_of(x);
  const ir::Shape last{shape[0], shape[2], shape[3], shape[1]};
  const ir::ValueId weight = parameter(layer + ".weight", {channels_of(x)});
  const ir::ValueId bias = parameter(layer + ".bias", {channels_of(x)});
  if (error_) return x;
  const ir::ValueId normed =
      node("LayerNormalization", {transpose(x, {0, 2, 3, 1}, layer + "/last", last), weight, bias}, layer,
           {{"axis", std::int64_t{-1}}, {"epsilon", epsilon}}, last);
  return transpose(normed, {0, 3, 1, 2}, layer + "/first", shape);
}

ir::ValueId Builder::to_windows(ir::ValueId x, int height, int width, const std::string& layer) {
  if (error_) return x;
  const std::int64_t channels = channels_of(x);
  const ir::ValueId down = arithmetic("Div", {sizes(x, 2, 3, layer + "/rows"), numbers({height}, layer + "/height")},
                                      layer + "/windows_down");
  const ir::ValueId shape = arithmetic(
      "Concat", {numbers({0, channels}, layer + "/kept"), down, numbers({height, -1, width}, layer + "/window")},
      layer + "/shape", {{"axis", std::int64_t{0}}});
  const ir::ValueId apart = transpose(reshape(x, shape, layer + "/apart"), {0, 2, 4, 3, 5, 1}, layer + "/order");
  return reshape(apart, {-1, std::int64_t{height} * width, channels}, layer);
}

ir::ValueId Builder::from_windows(ir::ValueId windows, std::int64_t channels, ir::ValueId like, int height, int width,
                                  const std::string& layer) {
  if (error_) return like;
  const ir::ValueId down = arithmetic("Div", {sizes(like, 2, 3, layer + "/rows"), numbers({height}, layer + "/height")},
                                      layer + "/windows_down");
  const ir::ValueId across = arithmetic(
      "Div", {sizes(like, 3, 4, layer + "/columns"), numbers({width}, layer + "/width")}, layer + "/windows_across");
  const ir::ValueId apart = arithmetic(
      "Concat",
      {sizes(like, 0, 1, layer + "/batch"), down, across, numbers({height, width, channels}, layer + "/window")},
      layer + "/apart_shape", {{"axis", std::int64_t{0}}});
  const ir::ValueId whole =
      arithmetic("Concat", {numbers({0, 0}, layer + "/kept"), sizes(like, 2, 4, layer + "/sides")}, layer + "/shape",
                 {{"axis", std::int64_t{0}}});
  const ir::ValueId ordered =
      transpose(reshape(windows, apart, layer + "/apart"), {0, 5, 1, 3, 2, 4}, layer + "/order");
  ir::Shape shape = shape_of(like);
  shape[1].size = channels;
  return reshape(ordered, whole, layer, std::move(shape));
}

ir::ValueId Builder::attend(ir::ValueId q, ir::ValueId k, ir::ValueId v, float scale,
                            const std::vector<ir::ValueId>& biases, const std::string& layer) {
  ir::ValueId likeness = multiply(matmul(q, k, layer + "/likeness"), {scale}, layer + "/scaled");
  for (const ir::ValueId bias : biases) likeness = add(likeness, bias, layer + "/biased");
  const ir::ValueId shares = node("Softmax", {likeness}, layer + "/shares", {{"axis", std::int64_t{-1}}}, {});
  return matmul(shares, v, layer);
}

ir::ValueId Builder::gemm(ir::ValueId x, const std::string& layer) {
  const ir::Tensor* weight = tensor(layer + ".weight");
  if (error_) return x;
  const std::int64_t in = shape_of(x)[1].size;
  const std::int64_t out = weight->shape.empty() ? 0 : weight->shape[0];
  std::vector<ir::ValueId> inputs{x, parameter(layer + ".weight", {out, in})};
  if (state_.find(layer + ".bias")) inputs.push_back(bias_of(layer, out));
  return error_ ? x
                : node("Gemm", std::move(inputs), layer, {{"transB", std::int64_t{1}}},
                       ir::Shape{shape_of(x)[0], {out, ""}});
}

ir::ValueId Builder::roll(ir::ValueId x, std::int64_t axis, std::int64_t first, const std::string& layer) {
  if (error_) return x;
  const ir::ValueId at = numbers({first}, layer + "/first");
  const ir::ValueId end = numbers({std::numeric_limits<std::int64_t>::max()}, layer + "/end");
  const ir::ValueId begin = numbers({0}, layer + "/begin");
  const ir::ValueId along = numbers({axis}, layer + "/axis");
  const ir::Shape shape = shape_of(x);
  const ir::Shape part{shape[0], shape[1], {}, {}};
  const ir::ValueId front = node("Slice", {x, at, end, along}, layer + "/front", {}, part);
  const ir::ValueId back = node("Slice", {x, begin, at, along}, layer + "/back", {}, part);
  return node("Concat", {front, back}, layer, {{"axis", axis}}, shape);
}

}  // namespace mantissa::net
