#include "format/onnx/levels_around.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "format/onnx/model_checks.h"

namespace mantissa::format {
namespace {

constexpr int kLongestWay = 200;  // operators; a hostile file must not make it a walk without end
constexpr double kWhite = 255;

bool is_one_of(const std::string& op, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), op) != list.end();
}
bool is_arithmetic(const std::string& op) { return is_one_of(op, {"Add", "Sub", "Mul", "Div"}); }
bool keeps_numbers(const std::string& op) {
  return is_one_of(op, {"Unsqueeze", "Squeeze", "Identity", "Transpose", "Reshape", "Slice", "Resize", "Pad", "Cast",
                        "Round", "Concat", "Split", "Flatten"});
}

std::vector<float> floats_of(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::FLOAT) return {};
  if (!tensor.has_raw_data()) return {tensor.float_data().begin(), tensor.float_data().end()};
  std::vector<float> values(tensor.raw_data().size() / sizeof(float));
  std::memcpy(values.data(), tensor.raw_data().data(), values.size() * sizeof(float));
  return values;
}

std::optional<CutOff::Levels> levels(double black, double white) {
  const CutOff::Levels found{static_cast<float>(black), static_cast<float>(white)};
  if (!std::isfinite(found.black) || !std::isfinite(found.white) || !(found.black < found.white)) return std::nullopt;
  return found;
}

}  // namespace

LevelsAround::LevelsAround(const onnx::GraphProto& graph) : graph_(graph) {
  for (const auto& node : graph.node())
    for (const std::string& output : node.output()) producers_.emplace(output, &node);
  for (const auto& tensor : graph.initializer()) constants_.emplace(tensor.name(), &tensor);
}

const onnx::NodeProto* LevelsAround::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found == producers_.end() ? nullptr : found->second;
}

Result<std::optional<double>> LevelsAround::number_in(const onnx::NodeProto& node) const {
  if (node.input_size() != 2) return std::optional<double>();
  const auto constant = constants_.find(node.input(1));
  if (constant == constants_.end()) return std::optional<double>();
  const std::vector<float> values = floats_of(*constant->second);
  if (values.empty()) return std::optional<double>();
  if (std::any_of(values.begin(), values.end(), [&](float value) { return value != values[0]; }))
    return unsupported("its operator " + describe(node) +
                           ", which would be cut off, has other numbers for each channel, and black and white must be "
                           "the same for all of them",
                       "Put these numbers into the network before it is exported");
  return std::optional<double>(values[0]);
}

bool LevelsAround::clips_to_levels(const onnx::NodeProto& node) const {
  if (node.op_type() != "Clip" || node.input_size() != 3) return false;
  const auto is = [&](const std::string& name, float wanted) {
    const auto constant = constants_.find(name);
    return constant != constants_.end() && floats_of(*constant->second) == std::vector<float>{wanted};
  };
  return is(node.input(1), 0) && is(node.input(2), static_cast<float>(kWhite));
}

// ReverseAxis of onnxruntime-extensions: Split into channels, Concat the other way round.
bool LevelsAround::turns_round(const onnx::NodeProto& node) const {
  if (node.op_type() != "Concat" || node.input_size() < 2) return false;
  const onnx::NodeProto* split = producer(node.input(0));
  return split != nullptr && split->op_type() == "Split" &&
         std::equal(node.input().begin(), node.input().end(), split->output().rbegin(), split->output().rend());
}

Result<std::optional<CutOff::Levels>> LevelsAround::in_front_of(const std::string& value, std::int64_t channels) const {
  const std::optional<CutOff::Levels> unknown;
  Line line;
  bool blue_first = true;  // as DecodeImage gives it
  std::string at = value;
  for (int i = 0; i < kLongestWay; ++i) {
    const onnx::NodeProto* node = producer(at);
    if (node == nullptr || node->input_size() == 0) return unknown;
    const std::string& op = node->op_type();
    if (!is_onnx_domain(node->domain())) {
      if (op == "DecodeImage" && blue_first && channels == 3)
        return unsupported("the network takes blue before red, as " + describe(*node) +
                               " decodes pictures, and mantissa gives red first",
                           "Turn the channels of its first and last layer round before it is exported");
      return levels(line.offset, kWhite * line.scale + line.offset);
    }
    // Conversion to Y, Cb and Cr is on levels and gives levels.
    if (clips_to_levels(*node) || op == "MatMul") return levels(line.offset, kWhite * line.scale + line.offset);
    if (turns_round(*node)) blue_first = !blue_first;
    if (is_arithmetic(op)) {
      MANTISSA_ASSIGN(const std::optional<double> number, number_in(*node));
      if (!number) return unknown;
      if (op == "Add") line.offset += line.scale * *number;
      if (op == "Sub") line.offset -= line.scale * *number;
      if (op == "Mul") line.scale *= *number;
      if (op == "Div") line.scale /= *number;
    } else if (!keeps_numbers(op)) {
      return unknown;
    }
    at = node->input(0);
  }
  return unknown;
}

Result<std::optional<CutOff::Levels>> LevelsAround::behind(const std::string& value,
                                                           const std::vector<bool>& kept) const {
  const std::optional<CutOff::Levels> unknown;
  Line line;
  std::string at = value;
  int next = 0;
  for (int i = 0; i < kLongestWay; ++i) {
    const auto reads = [&](int index) {
      const auto& node = graph_.node(index);
      return !kept[static_cast<std::size_t>(index)] && node.op_type() != "Shape" &&
             std::find(node.input().begin(), node.input().end(), at) != node.input().end();
    };
    while (next < graph_.node_size() && !reads(next)) ++next;
    if (next == graph_.node_size() || graph_.node(next).output_size() == 0) return unknown;
    const auto& node = graph_.node(next);
    const std::string& op = node.op_type();
    const bool to_bytes = op == "Cast" && node.attribute_size() == 1 &&
                          node.attribute(0).i() == static_cast<std::int64_t>(onnx::TensorProto::UINT8);
    if (!is_onnx_domain(node.domain()) || to_bytes || clips_to_levels(node))
      return levels(-line.offset / line.scale, (kWhite - line.offset) / line.scale);
    if (is_arithmetic(op)) {
      MANTISSA_ASSIGN(const std::optional<double> number, number_in(node));
      if (!number) return unknown;
      if (op == "Add") line.offset += *number;
      if (op == "Sub") line.offset -= *number;
      if (op == "Mul") line = {line.scale * *number, line.offset * *number};
      if (op == "Div") line = {line.scale / *number, line.offset / *number};
    } else if (!keeps_numbers(op)) {
      return unknown;
    }
    at = node.output(0);
  }
  return unknown;
}

}  // namespace mantissa::format
