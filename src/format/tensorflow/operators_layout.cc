// Operators that move pixels and channels without computing: slices, joints, borders, blocks; and means over pixels.
#include <algorithm>
#include <array>
#include <limits>

#include "format/tensorflow/call.h"

namespace mantissa::format {
namespace {

using Integers = std::vector<std::int64_t>;

constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();

Result<Outputs> same(Call& call) {
  if (call.inputs.empty()) return bad_input("it has no input, so the file is damaged");
  return Outputs{call.inputs[0]};
}

// Between float formats and integers of sizes nothing is to be done: the IR has one of each here.
Result<Outputs> cast(Call& call) {
  constexpr std::int64_t kFloat = 1, kInt32 = 3, kInt64 = 9;  // framework/types.proto
  const std::int64_t to = call.node.integer("DstT", 0);
  MANTISSA_ASSIGN(const Outputs outputs, same(call));
  const auto* const tensor = std::get_if<ir::Tensor>(&outputs[0]);
  const bool real = call.is_picture(0) || (tensor != nullptr && tensor->format == base::NumberFormat::float32);
  if (real ? to != kFloat : to != kInt32 && to != kInt64) return not_known("it casts to another kind of numbers");
  return outputs;
}

// Only between the two layouts of a picture, which are one in the IR.
Result<Outputs> transpose(Call& call) {
  MANTISSA_ASSIGN(Picture x, call.picture(0));
  MANTISSA_ASSIGN(const Integers order, call.integers(1));
  const bool last = x.layout == Layout::channels_last;
  if (order == (last ? Integers{0, 3, 1, 2} : Integers{0, 2, 3, 1}))
    x.layout = last ? Layout::channels_first : Layout::channels_last;
  else if (order != Integers{0, 1, 2, 3})
    return not_known("it turns the axes of a picture in another way than to bring its channels first or last");
  return Outputs{x};
}

Result<std::size_t> axis_of(const Picture& picture, std::int64_t axis) {
  const auto place = axis_in_ir(picture.layout, axis);
  if (!place) return bad_input("its axis is none of a picture");
  if (*place == 0) return not_known("it acts on the batch");
  return *place;
}

// Two or more pictures, and the axis behind them.
Result<Outputs> concat_pictures(Call& call) {
  MANTISSA_ASSIGN(Picture like, call.picture(0));
  MANTISSA_ASSIGN(const Integers axis, call.integers(call.inputs.size() - 1));
  if (axis.size() != 1) return bad_input("its axis is not one number");
  MANTISSA_ASSIGN(const std::size_t place, axis_of(like, axis[0]));
  std::vector<ir::ValueId> values;
  std::int64_t channels = 0;
  for (std::size_t i = 0; i + 1 < call.inputs.size(); ++i) {
    MANTISSA_ASSIGN(const Picture x, call.picture(i));
    if (x.layout != like.layout) return not_known("it mixes pictures with channels first and last");
    channels = channels < 0 || x.channels < 0 ? -1 : channels + x.channels;
    values.push_back(x.id);
  }
  const IrAttributes attributes{{"axis", static_cast<std::int64_t>(place)}};
  if (place != 1) return Outputs{call.add_resized("Concat", values, attributes, like)};
  like.channels = channels;
  like.as_input = false;
  return Outputs{call.add("Concat", values, attributes, like)};
}

Result<Outputs> concat(Call& call) {
  if (call.inputs.size() < 2) return bad_input("it has fewer than two inputs, so the file is damaged");
  if (call.is_picture(0)) return concat_pictures(call);
  Lengths row;
  for (std::size_t i = 0; i + 1 < call.inputs.size(); ++i) {
    MANTISSA_ASSIGN(const Lengths part, call.lengths(i));
    row.values.insert(row.values.end(), part.values.begin(), part.values.end());
  }
  return Outputs{row};
}

// (axis, picture), into equal parts.
Result<Outputs> split(Call& call) {
  constexpr std::int64_t kMost = 4096;
  MANTISSA_ASSIGN(const Integers axis, call.integers(0));
  MANTISSA_ASSIGN(Picture x, call.picture(1));
  const std::int64_t parts = call.node.integer("num_split", 0);
  if (axis.size() != 1 || parts < 1 || parts > kMost) return bad_input("its axis or number of parts is damaged");
  MANTISSA_ASSIGN(const std::size_t place, axis_of(x, axis[0]));
  if (place != 1 || x.channels < 1) return not_known("it splits something else than known channels");
  if (x.channels % parts != 0) return bad_input("its channels cannot be split into equal parts");
  x.channels /= parts;
  x.as_input = false;
  Outputs outputs;
  for (std::int64_t i = 0; i < parts; ++i)
    outputs.emplace_back(call.add("Slice",
                                  {x.id, call.add_numbers({i * x.channels}, "begin"),
                                   call.add_numbers({(i + 1) * x.channels}, "end"), call.add_numbers({1}, "axis")},
                                  {}, x));
  return outputs;
}

// One entry an axis of the file: [begin, end) by a step.
struct Cut {
  std::int64_t begin = 0;
  std::int64_t end = kToTheEnd;
  std::int64_t step = 1;
};

Result<Outputs> cut(const Call& call, const Picture& x, const std::array<Cut, 4>& cuts) {
  Integers begins, ends, axes, steps;
  Picture like = x;
  bool resized = false;
  for (std::size_t d = 0; d < cuts.size(); ++d) {
    const auto& [begin, end, step] = cuts[d];
    if (begin == 0 && end == kToTheEnd && step == 1) continue;
    const std::size_t axis = *axis_in_ir(x.layout, static_cast<std::int64_t>(d));
    if (axis == 0 && (begin != 0 || end < 1)) return not_known("it picks pictures from a batch");
    if (axis == 0) continue;
    begins.push_back(begin);
    ends.push_back(end);
    axes.push_back(static_cast<std::int64_t>(axis));
    steps.push_back(step);
    if (axis != 1) resized = true;
    if (axis == 1) {
      like.as_input = false;
      like.channels = begin >= 0 && end > begin && end <= x.channels && step == 1 ? end - begin : -1;
    }
  }
  if (axes.empty()) return Outputs{x};
  const std::vector<ir::ValueId> values{x.id, call.add_numbers(begins, "begin"), call.add_numbers(ends, "end"),
                                        call.add_numbers(axes, "axes"), call.add_numbers(steps, "steps")};
  return Outputs{resized ? call.add_resized("Slice", values, {}, like) : call.add("Slice", values, {}, like)};
}

// (picture, begin, size), -1: to the end.
Result<Outputs> slice(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_ASSIGN(const Integers begin, call.integers(1));
  MANTISSA_ASSIGN(const Integers size, call.integers(2));
  if (begin.size() != 4 || size.size() != 4)
    return bad_input("it has not a beginning and a size for each of four axes");
  std::array<Cut, 4> cuts;
  for (std::size_t d = 0; d < 4; ++d) {
    cuts[d].begin = begin[d];
    if (begin[d] < 0 || size[d] < -1) return bad_input("it has a negative beginning or size");
    if (size[d] >= 0 && __builtin_add_overflow(begin[d], size[d], &cuts[d].end)) cuts[d].end = kToTheEnd;
  }
  return cut(call, x, cuts);
}

// The numbers of StridedSlice with the masks that say which of them to leave aside.
struct Strided {
  Integers begin, end, step;
  std::uint64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_mask;

  [[nodiscard]] Cut cut(std::size_t i) const {
    Cut cut{begin[i], end[i], step[i]};
    const bool forward = step[i] > 0;
    if ((begin_mask >> i & 1U) != 0) cut.begin = forward ? 0 : kToTheEnd;
    if ((end_mask >> i & 1U) != 0) cut.end = forward ? kToTheEnd : -kToTheEnd;
    return cut;
  }
};

Result<Strided> strided_of(const Call& call) {
  const auto mask = [&](std::string_view name) { return static_cast<std::uint64_t>(call.node.integer(name, 0)); };
  Strided strided{{},
                  {},
                  {},
                  mask("begin_mask"),
                  mask("end_mask"),
                  mask("ellipsis_mask"),
                  mask("new_axis_mask"),
                  mask("shrink_axis_mask")};
  MANTISSA_ASSIGN(strided.begin, call.integers(1));
  MANTISSA_ASSIGN(strided.end, call.integers(2));
  MANTISSA_ASSIGN(strided.step, call.integers(3));
  const std::size_t count = strided.begin.size();
  if (strided.end.size() != count || strided.step.size() != count || count == 0 || count > 4 ||
      std::find(strided.step.begin(), strided.step.end(), 0) != strided.step.end())
    return bad_input("its numbers of beginnings, ends and steps differ, or a step is 0");
  return strided;
}

Result<Outputs> cut_lengths(const Call& call, const Strided& strided) {
  MANTISSA_ASSIGN(const Lengths row, call.lengths(0));
  const auto count = static_cast<std::int64_t>(row.values.size());
  const Cut cut = strided.cut(0);
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + count : at, 0, count); };
  if (strided.begin.size() != 1 || cut.step != 1 || !row.is_row || strided.new_axis_mask != 0)
    return not_known("it takes sizes from a shape in another way than one by one or in a row");
  if ((strided.shrink_mask & 1U) != 0) {
    const std::int64_t at = place(strided.begin[0]);
    if (at == count) return bad_input("it takes a size that a shape does not have");
    return Outputs{Lengths{{row.values[static_cast<std::size_t>(at)]}, false}};
  }
  const std::int64_t from = place(cut.begin), to = std::max(from, place(cut.end));
  return Outputs{Lengths{{row.values.begin() + from, row.values.begin() + to}, true}};
}

Result<Outputs> strided_slice(Call& call) {
  MANTISSA_ASSIGN(const Strided strided, strided_of(call));
  if (!call.is_picture(0)) return cut_lengths(call, strided);
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  if (strided.new_axis_mask != 0 || strided.shrink_mask != 0)
    return not_known("it changes how many axes a picture has");
  std::array<Cut, 4> cuts;
  const std::size_t given = strided.begin.size();
  std::size_t axis = 0;
  for (std::size_t i = 0; i < given; ++i) {
    if ((strided.ellipsis_mask >> i & 1U) != 0)
      axis = 4 - (given - i - 1);  // the axes between are whole
    else
      cuts[axis++] = strided.cut(i);
    if (axis > 4) return bad_input("it has more numbers than a picture has axes");
  }
  return cut(call, x, cuts);
}

// (picture, [[before, behind] of each axis], what is put there)
Result<Outputs> pad(Call& call) {
  constexpr std::int64_t kMost = 1 << 20;
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_ASSIGN(const Integers borders, call.integers(1));
  if (borders.size() != 8) return bad_input("it has not two borders for each of four axes");
  Integers pads(8, 0);  // all beginnings, then all ends
  for (std::size_t d = 0; d < 4; ++d) {
    const std::size_t axis = *axis_in_ir(x.layout, static_cast<std::int64_t>(d));
    for (const std::size_t side : {0U, 1U}) {
      pads[axis + 4 * side] = borders[2 * d + side];
      if (borders[2 * d + side] < 0 || borders[2 * d + side] > kMost) return bad_input("its borders are out of range");
    }
  }
  if (pads[0] != 0 || pads[4] != 0) return not_known("it pads the batch");
  std::vector<ir::ValueId> values{x.id, call.add_numbers(pads, "borders")};
  std::string mode = "constant";
  if (call.node.op == "MirrorPad") {
    if (call.node.text("mode", "") != "REFLECT")
      return not_known("it mirrors the border together with the outermost pixels");
    mode = "reflect";
  }
  if (call.node.op == "PadV2") {
    MANTISSA_ASSIGN(ir::Tensor value, call.constant(2));
    if (value.count() != 1) return bad_input("what it pads with is not one number");
    value.shape.clear();
    values.push_back(call.graph.add_constant(call.node.name + "/value", std::move(value)));
  }
  Picture out = call.add_resized("Pad", values, {{"mode", mode}}, x);
  for (const std::size_t i : {0U, 1U})
    if (const auto side = plus(x.sides[i], exactly(pads[2 + i] + pads[6 + i]))) out.sides[i] = *side;
  if (pads[1] + pads[5] != 0) {
    out.as_input = false;
    out.channels = x.channels < 0 ? -1 : x.channels + pads[1] + pads[5];
  }
  return Outputs{out};
}

Result<std::int64_t> block_of(const Call& call) {
  constexpr std::int64_t kMost = 256;
  const std::int64_t block = call.node.integer("block_size", 0);
  if (block < 2 || block > kMost) return bad_input("its block_size is out of range");
  return block;
}

// TensorFlow's order: a block's rows and columns are the outer part of the channel's number.
Result<Outputs> depth_to_space(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_TRY(call.layout_of(x));
  MANTISSA_ASSIGN(const std::int64_t block, block_of(call));
  if (x.channels >= 0 && x.channels % (block * block) != 0) return bad_input("its channels are no multiple of a block");
  Picture out = call.add_resized("DepthToSpace", {x.id}, {{"blocksize", block}, {"mode", std::string("DCR")}}, x);
  out.as_input = false;
  out.channels = x.channels < 0 ? -1 : x.channels / (block * block);
  for (const std::size_t i : {0U, 1U})
    if (const auto side = times(x.sides[i], exactly(block))) out.sides[i] = *side;
  return Outputs{out};
}

Result<Outputs> space_to_depth(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_TRY(call.layout_of(x));
  MANTISSA_ASSIGN(const std::int64_t block, block_of(call));
  Picture out = call.add_resized("SpaceToDepth", {x.id}, {{"blocksize", block}}, x);
  if (x.channels < 0) return not_known("it is the first operator, and the file does not state the channels");
  out.as_input = false;
  out.channels = x.channels * block * block;
  return Outputs{out};
}

// Over height and width, which stay as 1.
Result<Outputs> mean(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_ASSIGN(const Integers axes, call.integers(1));
  bool over[4] = {};
  for (const std::int64_t axis : axes) {
    MANTISSA_ASSIGN(const std::size_t place, axis_of(x, axis));
    over[place] = true;
  }
  if (over[1] || !over[2] || !over[3] || call.node.integer("keep_dims", 0) == 0)
    return not_known("it is not a mean over height and width that keeps both as axes");
  Picture out = call.add("GlobalAveragePool", {x.id}, {}, x);
  out.sides = {exactly(1), exactly(1)};
  return Outputs{out};
}

constexpr TensorFlowOperator kOperators[] = {
    {"Identity", same},
    {"StopGradient", same},
    {"PreventGradient", same},
    {"CheckNumerics", same},
    {"Snapshot", same},
    {"PlaceholderWithDefault", same},  // what a graph is fed in training, and a constant otherwise
    {"Cast", cast},
    {"Transpose", transpose},
    {"ConcatV2", concat},
    {"Split", split},
    {"Slice", slice},
    {"StridedSlice", strided_slice},
    {"Pad", pad},
    {"PadV2", pad},
    {"MirrorPad", pad},
    {"DepthToSpace", depth_to_space},
    {"SpaceToDepth", space_to_depth},
    {"Mean", mean},
};

}  // namespace

std::span<const TensorFlowOperator> layout_operators() { return kOperators; }

}  // namespace mantissa::format
