// Operators that sample a picture at the places of another grid, and the sizes that they are told.
#include <optional>

#include "format/tensorflow/call.h"

namespace mantissa::format {
namespace {

// How ONNX's Resize does what TensorFlow's kernels do (core/kernels/image: resize_bilinear_op.cc,
// resize_nearest_neighbor_op.cc, resize_bicubic_op.cc and image_resizer_state.h). Without half_pixel_centers output o
// looks at o * in / out; bicubic then has a = -0.75 and repeats the edge, with half_pixel_centers a = -0.5 and weighs
// only what lies inside. Nearest neighbours with half_pixel_centers are floor((o + 0.5) * in / out).
Result<IrAttributes> sampling_of(const Call& call) {
  const bool corners = call.node.integer("align_corners", 0) != 0;
  const bool half = call.node.integer("half_pixel_centers", 0) != 0;
  if (corners && half) return bad_input("it has align_corners and half_pixel_centers at once");
  IrAttributes attributes{{"coordinate_transformation_mode", std::string(corners ? "align_corners"
                                                                         : half  ? "half_pixel"
                                                                                 : "asymmetric")}};
  if (call.node.op == "ResizeNearestNeighbor") {
    attributes["mode"] = std::string("nearest");
    attributes["nearest_mode"] = std::string(corners || half ? "round_prefer_ceil" : "floor");
  } else if (call.node.op == "ResizeBilinear") {
    attributes["mode"] = std::string("linear");
  } else {
    attributes["mode"] = std::string("cubic");
    attributes["cubic_coeff_a"] = half ? -0.5F : -0.75F;
    if (half) attributes["exclude_outside"] = std::int64_t{1};
  }
  return attributes;
}

ir::ValueId add_integers(const Call& call, std::string op, std::vector<ir::ValueId> values, IrAttributes attributes) {
  const ir::ValueId id =
      call.graph.add(std::move(op), std::move(values), std::move(attributes), call.node.name + "/size");
  ir::Value& value = call.graph.value(id);
  value.format = base::NumberFormat::int64;
  call.graph.node(value.producer).name = value.name;
  return id;
}

ir::ValueId size_of(const Call& call, const Length& length) {
  if (length.of == ir::kNoValue) return call.add_numbers({length.addend}, "size");
  const auto axis = static_cast<std::int64_t>(length.axis);
  ir::ValueId size = add_integers(call, "Shape", {length.of}, {{"start", axis}, {"end", axis + 1}});
  if (length.factor != 1) size = add_integers(call, "Mul", {size, call.add_numbers({length.factor}, "factor")}, {});
  if (length.addend != 0) size = add_integers(call, "Add", {size, call.add_numbers({length.addend}, "more")}, {});
  return size;
}

bool is_power_of_two(std::int64_t number) { return number > 0 && (number & (number - 1)) == 0; }

// TensorFlow takes the weights of cubic interpolation from a table of 1024 steps: between them they are others.
constexpr std::int64_t kFinest = 256;

// (picture, [height, width])
Result<Outputs> resize(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_ASSIGN(const Lengths size, call.lengths(1));
  if (x.layout != Layout::channels_last) return not_known("its picture has its channels first");
  if (size.values.size() != 2 || !size.values[0] || !size.values[1])
    return not_known("the size that it is to give cannot be followed to the size of the picture");
  MANTISSA_ASSIGN(IrAttributes attributes, sampling_of(call));
  const Length height = *size.values[0], width = *size.values[1];
  const auto rows = ratio(height, x.sides[0]), columns = ratio(width, x.sides[1]);
  const bool exact =
      rows && columns && is_power_of_two(*rows) && is_power_of_two(*columns) && *rows <= kFinest && *columns <= kFinest;
  if (call.node.op == "ResizeBicubic" && (!exact || call.node.integer("align_corners", 0) != 0))
    return not_known("it is bicubic by another factor than 2, 4, 8 ..., which ONNX computes otherwise");
  for (const Length& side : {height, width})
    if (side.of == ir::kNoValue && (side.addend < 1 || side.addend > 1 << 20))
      return bad_input("its size is out of range");
  std::vector<ir::ValueId> values{x.id, ir::kNoValue};
  if (rows && columns && *rows < 1 << 20 && *columns < 1 << 20) {
    values.push_back(call.graph.add_constant(
        call.node.name + "/scales",
        ir::Tensor::of_floats({4}, {1, 1, static_cast<float>(*rows), static_cast<float>(*columns)})));
  } else {
    const ir::ValueId front =
        add_integers(call, "Shape", {x.id}, {{"start", std::int64_t{0}}, {"end", std::int64_t{2}}});
    values.push_back(ir::kNoValue);
    values.push_back(add_integers(call, "Concat", {front, size_of(call, height), size_of(call, width)},
                                  {{"axis", std::int64_t{0}}}));
  }
  Picture out = call.add("Resize", values, std::move(attributes), x);
  out.sides = {height, width};
  return Outputs{out};
}

// The sizes of a picture, in the order of the file.
Result<Outputs> shape(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  const std::optional<Length> channels = x.channels > 0 ? std::optional(exactly(x.channels)) : std::nullopt;
  if (x.layout == Layout::channels_last) return Outputs{Lengths{{std::nullopt, x.sides[0], x.sides[1], channels}}};
  return Outputs{Lengths{{std::nullopt, channels, x.sides[0], x.sides[1]}}};
}

// Single sizes become a row.
Result<Outputs> pack(Call& call) {
  Lengths row;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    MANTISSA_ASSIGN(const Lengths part, call.lengths(i));
    if (part.values.size() != 1) return not_known("it packs something else than sizes");
    row.values.push_back(part.values[0]);
  }
  return Outputs{row};
}

constexpr TensorFlowOperator kOperators[] = {
    {"ResizeBilinear", resize},
    {"ResizeNearestNeighbor", resize},
    {"ResizeBicubic", resize},
    {"Shape", shape},
    {"Pack", pack},
};

}  // namespace

std::span<const TensorFlowOperator> resize_operators() { return kOperators; }

}  // namespace mantissa::format
