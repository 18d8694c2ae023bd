#include "format/tensorflow/call.h"

#include <array>
#include <utility>

namespace mantissa::format {
namespace {

Error missing(std::size_t index) {
  return bad_input("it has no input " + std::to_string(index) + ", so the file is damaged");
}

std::string in_words(const Held& held) {
  if (std::holds_alternative<Picture>(held)) return "computed from the picture";
  return std::holds_alternative<ir::Tensor>(held) ? "a constant" : "a row of sizes";
}

}  // namespace

Error not_known(std::string what) { return unsupported(std::move(what), std::string(kUseTf2onnx)); }

Result<Picture> Call::picture(std::size_t index) const {
  if (index >= inputs.size()) return missing(index);
  if (const auto* const found = std::get_if<Picture>(&inputs[index])) {
    Picture picture = *found;
    if (picture.as_input) picture.channels = (*graph.value(graph.inputs.front()).shape)[1].size;
    return picture;
  }
  return not_known("its input " + std::to_string(index) + " is " + in_words(inputs[index]) + ", not a picture");
}

Result<ir::Tensor> Call::constant(std::size_t index) const {
  if (index >= inputs.size()) return missing(index);
  const auto* const found = std::get_if<ir::Tensor>(&inputs[index]);
  if (found == nullptr)
    return not_known("its input " + std::to_string(index) + " is " + in_words(inputs[index]) + ", not a constant");
  if (found->format == base::NumberFormat::float32) return *found;
  return not_known("its input " + std::to_string(index) + " has integers where numbers of a network are needed");
}

Result<std::vector<std::int64_t>> Call::integers(std::size_t index) const {
  MANTISSA_ASSIGN(const Lengths lengths, this->lengths(index));
  std::vector<std::int64_t> numbers;
  for (const auto& each : lengths.values) {
    if (!each || each->of != ir::kNoValue)
      return not_known("its input " + std::to_string(index) + " depends on the size of the picture");
    numbers.push_back(each->addend);
  }
  return numbers;
}

Result<Lengths> Call::lengths(std::size_t index) const {
  if (index >= inputs.size()) return missing(index);
  if (const auto* const found = std::get_if<Lengths>(&inputs[index])) return *found;
  const auto* const tensor = std::get_if<ir::Tensor>(&inputs[index]);
  constexpr std::int64_t kMostLengths = 64;
  if (tensor == nullptr || tensor->format != base::NumberFormat::int64 || tensor->count() > kMostLengths)
    return not_known("its input " + std::to_string(index) + " is not a short row of integers");
  MANTISSA_ASSIGN(const std::vector<std::int64_t> numbers, tensor->integers());
  Lengths lengths{{}, !tensor->shape.empty()};
  for (const std::int64_t number : numbers) lengths.values.emplace_back(exactly(number));
  return lengths;
}

bool Call::is_picture(std::size_t index) const {
  return index < inputs.size() && std::holds_alternative<Picture>(inputs[index]);
}

Result<Layout> Call::layout_of(const Picture& picture) const {
  const std::string format = node.text("data_format", "NHWC");
  if (format != "NHWC" && format != "NCHW") return not_known("its data_format is neither NHWC nor NCHW");
  const Layout layout = format == "NHWC" ? Layout::channels_last : Layout::channels_first;
  if (layout != picture.layout) return not_known("its data_format " + format + " is not the one of its input");
  return layout;
}

Picture Call::add(std::string op, std::vector<ir::ValueId> values, IrAttributes attributes, const Picture& like) const {
  Picture picture = like;
  picture.id = graph.add(std::move(op), std::move(values), std::move(attributes), node.name);
  ir::Value& value = graph.value(picture.id);
  value.format = base::NumberFormat::float32;
  graph.node(value.producer).name = value.name;  // of its own where one operator becomes several
  return picture;
}

Picture Call::add_resized(std::string op, std::vector<ir::ValueId> values, IrAttributes attributes,
                          const Picture& like) const {
  Picture picture = add(std::move(op), std::move(values), std::move(attributes), like);
  forget_sides(picture);
  return picture;
}

ir::ValueId Call::add_numbers(std::vector<std::int64_t> numbers, std::string_view suffix) const {
  const auto count = static_cast<std::int64_t>(numbers.size());
  return graph.add_constant(node.name + "/" + std::string(suffix),
                            ir::Tensor::of_integers({count}, std::move(numbers)));
}

Result<ir::Tensor> Call::turned(const ir::Tensor& tensor, const std::array<std::size_t, 4>& order) const {
  const std::pair key(tensor.bytes.data(), order);
  if (const auto known = constants.turned.find(key); known != constants.turned.end()) return known->second;
  MANTISSA_ASSIGN(const std::vector<float> values, tensor.floats());
  std::array<std::size_t, 4> size{}, step{};
  for (std::size_t d = 4, product = 1; d-- > 0; product *= static_cast<std::size_t>(tensor.shape[d])) step[d] = product;
  for (std::size_t d = 0; d < 4; ++d) size[d] = static_cast<std::size_t>(tensor.shape[order[d]]);
  std::vector<float> result;
  result.reserve(values.size());
  for (std::size_t a = 0; a < size[0]; ++a)
    for (std::size_t b = 0; b < size[1]; ++b)
      for (std::size_t c = 0; c < size[2]; ++c)
        for (std::size_t d = 0; d < size[3]; ++d)
          result.push_back(values[a * step[order[0]] + b * step[order[1]] + c * step[order[2]] + d * step[order[3]]]);
  std::vector<std::int64_t> shape;
  for (const std::size_t each : size) shape.push_back(static_cast<std::int64_t>(each));
  return constants.turned.emplace(key, ir::Tensor::of_floats(std::move(shape), std::move(result))).first->second;
}

void settle_channels(ir::Graph& graph, const Picture& picture, std::int64_t channels) {
  if (!picture.as_input || picture.channels > 0) return;
  ir::Dimension& dimension = (*graph.value(graph.inputs.front()).shape)[1];
  if (dimension.size < 0) dimension.size = channels;
}

void forget_sides(Picture& picture) {
  for (const std::size_t i : {0U, 1U}) picture.sides[i] = {picture.id, i + 2, 1, 0};
}

}  // namespace mantissa::format
