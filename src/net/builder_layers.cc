// The layers of Builder that have no weights, and the arithmetic on sizes that some of them need.
#include <numeric>

#include "base/number_format.h"
#include "net/builder.h"

namespace mantissa::net {
namespace {

using Integers = std::vector<std::int64_t>;

Builder::Attributes sampling(Interpolation how) {
  const bool nearest = how == Interpolation::nearest;
  return {{"coordinate_transformation_mode", std::string(nearest ? "asymmetric" : "half_pixel")},
          {"mode", std::string(nearest ? "nearest" : "linear")},
          {"nearest_mode", std::string("floor")}};
}

}  // namespace

ir::ValueId Builder::relu(ir::ValueId x, const std::string& layer) { return like("Relu", {x}, layer); }

ir::ValueId Builder::leaky_relu(ir::ValueId x, float slope, const std::string& layer) {
  return like("LeakyRelu", {x}, layer, {{"alpha", slope}});
}

ir::ValueId Builder::gelu(ir::ValueId x, const std::string& layer) { return like("Gelu", {x}, layer); }

ir::ValueId Builder::sigmoid(ir::ValueId x, const std::string& layer) { return like("Sigmoid", {x}, layer); }

ir::ValueId Builder::silu(ir::ValueId x, const std::string& layer) {
  return multiply(x, sigmoid(x, layer + "/sigmoid"), layer);
}

ir::ValueId Builder::mish(ir::ValueId x, const std::string& layer) { return like("Mish", {x}, layer); }

ir::ValueId Builder::tanh(ir::ValueId x, const std::string& layer) { return like("Tanh", {x}, layer); }

ir::ValueId Builder::clip(ir::ValueId x, float low, float high, const std::string& layer) {
  const ir::ValueId lowest = constant(layer + "/low", ir::Tensor::of_floats({}, {low}));
  const ir::ValueId highest = constant(layer + "/high", ir::Tensor::of_floats({}, {high}));
  return like("Clip", {x, lowest, highest}, layer);
}

ir::ValueId Builder::add(ir::ValueId a, ir::ValueId b, const std::string& layer) { return like("Add", {a, b}, layer); }

ir::ValueId Builder::subtract(ir::ValueId a, ir::ValueId b, const std::string& layer) {
  return like("Sub", {a, b}, layer);
}

ir::ValueId Builder::multiply(ir::ValueId a, ir::ValueId b, const std::string& layer) {
  return like("Mul", {a, b}, layer);
}

ir::ValueId Builder::divide(ir::ValueId a, ir::ValueId b, const std::string& layer) {
  return like("Div", {a, b}, layer);
}

ir::ValueId Builder::channel_numbers(std::vector<float> numbers, const std::string& name) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  return constant(name, ir::Tensor::of_floats(count == 1 ? Integers{} : Integers{1, count, 1, 1}, std::move(numbers)));
}

ir::ValueId Builder::add(ir::ValueId x, std::vector<float> numbers, const std::string& layer) {
  return like("Add", {x, channel_numbers(std::move(numbers), layer + "/summand")}, layer);
}

ir::ValueId Builder::subtract(ir::ValueId x, std::vector<float> numbers, const std::string& layer) {
  return like("Sub", {x, channel_numbers(std::move(numbers), layer + "/subtrahend")}, layer);
}

ir::ValueId Builder::multiply(ir::ValueId x, std::vector<float> numbers, const std::string& layer) {
  return like("Mul", {x, channel_numbers(std::move(numbers), layer + "/factor")}, layer);
}

ir::ValueId Builder::concat(std::vector<ir::ValueId> pictures, const std::string& layer) {
  if (error_) return input();
  ir::Shape shape = shape_of(pictures.front());
  shape[1].size = 0;
  for (const ir::ValueId picture : pictures) shape[1].size += channels_of(picture);
  return node("Concat", std::move(pictures), layer, {{"axis", std::int64_t{1}}}, std::move(shape));
}

ir::ValueId Builder::channels_from(ir::ValueId x, std::int64_t from, std::int64_t to, const std::string& layer,
                                   const std::string& part) {
  ir::Shape shape = shape_of(x);
  shape[1].size = to - from;
  return node("Slice",
              {x, numbers({from}, layer + "/from"), numbers({to}, layer + "/to"), numbers({1}, layer + "/axis")},
              layer + part, {}, std::move(shape));
}

std::vector<ir::ValueId> Builder::chunks(ir::ValueId x, int parts, const std::string& layer) {
  if (!error_ && channels_of(x) % parts != 0) {
    fail(bad_input("the " + std::to_string(channels_of(x)) + " channels before " + layer + " are not " +
                   std::to_string(parts) + " equal parts"));
  }
  std::vector<ir::ValueId> found(static_cast<std::size_t>(parts), x);
  if (error_) return found;
  const std::int64_t each = channels_of(x) / parts;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto from = static_cast<std::int64_t>(i) * each;
    found[i] = channels_from(x, from, from + each, layer, "." + std::to_string(i));
  }
  return found;
}

std::pair<ir::ValueId, ir::ValueId> Builder::split(ir::ValueId x, std::int64_t count, const std::string& layer) {
  if (!error_ && (count < 1 || count >= channels_of(x))) {
    fail(bad_input("of the " + std::to_string(channels_of(x)) + " channels before " + layer + ", " +
                   std::to_string(count) + " cannot be taken apart"));
  }
  if (error_) return {x, x};
  return {channels_from(x, 0, count, layer, ".0"), channels_from(x, count, channels_of(x), layer, ".1")};
}

ir::ValueId Builder::mean_pool(ir::ValueId x, const std::string& layer) {
  if (error_) return x;
  const ir::Shape& before = shape_of(x);
  return node("GlobalAveragePool", {x}, layer, {}, ir::Shape{before[0], before[1], {1, ""}, {1, ""}});
}

ir::ValueId Builder::max_pool(ir::ValueId x, int kernel, Window window, const std::string& layer) {
  if (error_) return x;
  const std::int64_t padding = window.padding.value_or(kernel / 2);
  const bool keeps = window.stride == 1 && 2 * padding + 1 == kernel;
  const ir::Shape& before = shape_of(x);
  return node("MaxPool", {x}, layer,
              {{"kernel_shape", Integers{kernel, kernel}},
               {"pads", Integers{padding, padding, padding, padding}},
               {"strides", Integers{window.stride, window.stride}}},
              ir::Shape{before[0], before[1], walked(before[2], keeps), walked(before[3], keeps)});
}

ir::ValueId Builder::pixel_shuffle(ir::ValueId x, int factor, const std::string& layer) {
  if (factor == 1 || error_) return x;
  const ir::Shape& before = shape_of(x);
  const std::int64_t block = std::int64_t{factor} * factor;
  if (before[1].size % block != 0) {
    fail(bad_input("the " + std::to_string(before[1].size) + " channels before " + layer + " are no multiple of " +
                   std::to_string(block)));
    return x;
  }
  return node("DepthToSpace", {x}, layer, {{"blocksize", std::int64_t{factor}}, {"mode", std::string("CRD")}},
              ir::Shape{before[0], {before[1].size / block, ""}, times(before[2], factor), times(before[3], factor)});
}

ir::ValueId Builder::pixel_unshuffle(ir::ValueId x, int factor, const std::string& layer) {
  if (factor == 1 || error_) return x;
  const ir::Shape& before = shape_of(x);
  const std::int64_t channels = before[1].size;
  const std::int64_t block = std::int64_t{factor} * factor;
  const ir::Shape after{before[0], {channels * block, ""}, {}, {}};
  const ir::ValueId deep =
      node("SpaceToDepth", {x}, layer + "/space_to_depth", {{"blocksize", std::int64_t{factor}}}, after);
  if (channels == 1) return deep;
  // ONNX has the place in the block outermost, torch the channel.
  Integers order;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t place = 0; place < block; ++place) order.push_back(place * channels + c);
  }
  return node("Gather", {deep, numbers(std::move(order), layer + "/order")}, layer, {{"axis", std::int64_t{1}}}, after);
}

ir::ValueId Builder::upsample(ir::ValueId x, int factor, Interpolation how, const std::string& layer) {
  if (factor == 1 || error_) return x;
  const auto by = static_cast<float>(factor);
  const ir::ValueId scales = constant(layer + "/scales", ir::Tensor::of_floats({4}, {1, 1, by, by}));
  const ir::Shape& before = shape_of(x);
  return node("Resize", {x, ir::kNoValue, scales}, layer, sampling(how),
              ir::Shape{before[0], before[1], times(before[2], factor), times(before[3], factor)});
}

ir::ValueId Builder::resize_like(ir::ValueId x, ir::ValueId like, Interpolation how, const std::string& layer) {
  if (error_) return x;
  const ir::ValueId size =
      arithmetic("Concat", {sizes(x, 0, 2, layer + "/channels"), sizes(like, 2, 4, layer + "/height_width")},
                 layer + "/size", {{"axis", std::int64_t{0}}});
  ir::Shape shape = shape_of(like);
  shape[1] = shape_of(x)[1];
  return node("Resize", {x, ir::kNoValue, ir::kNoValue, size}, layer, sampling(how), std::move(shape));
}

// Bin i of m takes the rows from floor(i * n / m) to ceil((i + 1) * n / m), of which there are at most 2 * divisor - 1:
// that many are taken for each bin, the last of them again and again where it has fewer.
ir::ValueId Builder::pool_axis(ir::ValueId x, std::int64_t axis, int divisor, const std::string& layer) {
  const auto name = [&](const char* part) { return layer + "/" + part; };
  const ir::ValueId one = numbers({1}, name("one"));
  const ir::ValueId first = numbers({0}, name("first"));
  const ir::ValueId size = sizes(x, static_cast<int>(axis), static_cast<int>(axis) + 1, name("size"));
  const ir::ValueId bins = arithmetic("Div", {size, numbers({divisor}, name("divisor"))}, name("bins"));
  const ir::ValueId bin = arithmetic("Unsqueeze",
                                     {arithmetic("Range",
                                                 {constant(name("from"), ir::Tensor::of_integers({}, {0})),
                                                  arithmetic("Squeeze", {bins, first}, name("bin_count")),
                                                  constant(name("step"), ir::Tensor::of_integers({}, {1}))},
                                                 name("range")),
                                      one},
                                     name("bin"));
  const ir::ValueId begin = arithmetic("Div", {arithmetic("Mul", {bin, size}, name("begins")), bins}, name("begin"));
  // ceil((i + 1) * n / m) - 1 = ((i + 1) * n - 1) / m, rounded down.
  const ir::ValueId ends = arithmetic("Mul", {arithmetic("Add", {bin, one}, name("next")), size}, name("ends"));
  const ir::ValueId last = arithmetic("Div", {arithmetic("Sub", {ends, one}, name("lasts")), bins}, name("last"));
  Integers window(2 * static_cast<std::size_t>(divisor) - 1);
  std::iota(window.begin(), window.end(), 0);
  const auto width = static_cast<std::int64_t>(window.size());
  const ir::ValueId within = numbers(std::move(window), name("window"));
  const ir::ValueId places =
      arithmetic("Min", {arithmetic("Add", {begin, within}, name("places")), last}, name("clamped"));
  const ir::ValueId taken =
      node("Gather", {x, arithmetic("Reshape", {places, numbers({-1}, name("flat"))}, name("indices"))}, name("taken"),
           {{"axis", axis}}, ir::Shape(4));
  // The axis becomes two: bins, and places in a bin.
  const auto at = static_cast<int>(axis);
  std::vector<ir::ValueId> split{sizes(x, 0, at, name("before")), numbers({-1, width}, name("bins_and_places"))};
  if (at < 3) split.push_back(sizes(x, at + 1, 4, name("behind")));
  const ir::ValueId shape = arithmetic("Concat", std::move(split), name("shape"), {{"axis", std::int64_t{0}}});
  const ir::ValueId apart = node("Reshape", {taken, shape}, name("apart"), {}, {});
  ir::Shape after = shape_of(x);
  after[static_cast<std::size_t>(axis)] = {};
  return node("ReduceMax", {apart, numbers({axis + 1}, name("axis"))}, name("max"), {{"keepdims", std::int64_t{0}}},
              std::move(after));
}

ir::ValueId Builder::adaptive_max_pool(ir::ValueId x, int divisor, const std::string& layer) {
  if (error_) return x;
  return pool_axis(pool_axis(x, 2, divisor, layer + "/rows"), 3, divisor, layer + "/columns");
}

ir::ValueId Builder::pad_to_multiple(ir::ValueId x, int multiple, Padding padding, const std::string& layer) {
  if (error_) return x;
  const ir::ValueId by = numbers({multiple}, layer + "/multiple");
  const ir::ValueId rest = arithmetic("Mod", {sizes(x, 2, 4, layer + "/sides"), by}, layer + "/rest");
  const ir::ValueId amount =
      arithmetic("Mod", {arithmetic("Sub", {by, rest}, layer + "/lacking"), by}, layer + "/amount");
  const ir::ValueId pads = arithmetic("Concat", {numbers({0, 0, 0, 0, 0, 0}, layer + "/none"), amount}, layer + "/pads",
                                      {{"axis", std::int64_t{0}}});
  const char* const mode = padding == Padding::zero ? "constant" : padding == Padding::edge ? "edge" : "reflect";
  const ir::Shape& before = shape_of(x);
  return node("Pad", {x, pads}, layer, {{"mode", std::string(mode)}}, ir::Shape{before[0], before[1], {}, {}});
}

ir::ValueId Builder::pad(ir::ValueId x, int before, int behind, float number, const std::string& layer) {
  if (error_) return x;
  const ir::ValueId pads = numbers({0, 0, before, before, 0, 0, behind, behind}, layer + "/pads");
  const ir::ValueId with = constant(layer + "/number", ir::Tensor::of_floats({}, {number}));
  const ir::Shape& shape = shape_of(x);
  return node("Pad", {x, pads, with}, layer, {{"mode", std::string("constant")}},
              ir::Shape{shape[0], shape[1], {}, {}});
}

ir::ValueId Builder::crop_like(ir::ValueId x, ir::ValueId like, const std::string& layer, Crop crop) {
  if (error_) return x;
  ir::Shape shape = shape_of(like);
  shape[1] = shape_of(x)[1];
  for (const std::size_t side : {2U, 3U})
    if (crop.factor != 1) shape[side] = times(shape[side], crop.factor);
  const ir::ValueId from = numbers({crop.first, crop.first}, layer + "/from");
  ir::ValueId to = sizes(like, 2, 4, layer + "/to");
  if (crop.factor != 1) to = arithmetic("Mul", {to, numbers({crop.factor}, layer + "/factor")}, layer + "/enlarged");
  if (crop.first != 0) to = arithmetic("Add", {to, from}, layer + "/end");
  return node("Slice", {x, from, to, numbers({2, 3}, layer + "/axes")}, layer, {}, std::move(shape));
}

ir::ValueId Builder::numbers(std::vector<std::int64_t> values, const std::string& layer) {
  const auto count = static_cast<std::int64_t>(values.size());
  return constant(layer, ir::Tensor::of_integers({count}, std::move(values)));
}

ir::ValueId Builder::sizes(ir::ValueId x, int from, int to, const std::string& layer) {
  return arithmetic("Shape", {x}, layer, {{"start", std::int64_t{from}}, {"end", std::int64_t{to}}});
}

ir::ValueId Builder::arithmetic(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                                Attributes attributes) {
  const ir::ValueId output = graph_.add(std::move(op), std::move(inputs), std::move(attributes), unique_name(layer));
  graph_.value(output).format = base::NumberFormat::int64;
  return output;
}

}  // namespace mantissa::net
