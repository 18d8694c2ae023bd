#include <algorithm>
#include <cmath>

#include "net/geometry/numbers.h"

namespace mantissa::net {
namespace {

// A fixed integer out of an input.
std::optional<std::int64_t> integer_of(const Walk& walk, ir::NodeId node, std::size_t index, std::size_t at = 0) {
  const auto numbers = walk.numbers(node, index);
  return numbers ? fixed_number(*numbers, at) : std::nullopt;
}

}  // namespace

std::size_t count_of(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || size > static_cast<std::int64_t>(kMostNumbers)) return kMostNumbers + 1;
    count *= static_cast<std::size_t>(size);
    if (count > kMostNumbers) return kMostNumbers + 1;
  }
  return count;
}

std::optional<Block> shape_block(const Walk& walk, ir::NodeId node) {
  const Flow& flow = walk.input(node, 0);
  if (!flow.shape_known) return std::nullopt;
  const auto clip = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + flow.rank() : at, 0, flow.rank());
  };
  const std::int64_t begin = clip(walk.graph().integer(node, "start", 0));
  const std::int64_t end = clip(walk.graph().integer(node, "end", flow.rank()));
  Block out;
  for (std::int64_t i = begin; i < end; ++i) {
    const Sizes sizes = sizes_of(flow.axes[static_cast<std::size_t>(i)]);
    Element& element = out.numbers.elements.emplace_back();
    std::transform(sizes.begin(), sizes.end(), element.begin(),
                   [](std::int64_t size) { return static_cast<double>(size); });
  }
  out.shape = {static_cast<std::int64_t>(out.count())};
  return out;
}

std::optional<Block> gather_block(const Walk& walk, ir::NodeId node, const Block& data, const Block& indices) {
  if (data.shape.size() != 1 || walk.graph().integer(node, "axis", 0) > 0) return std::nullopt;
  Block out{indices.shape, {{}, data.numbers.integral}};
  for (std::size_t i = 0; i < indices.count(); ++i) {
    const auto value = fixed_number(indices.numbers, i);
    const auto at = value ? axis_index(*value, static_cast<int>(data.count())) : std::nullopt;
    if (!at) return std::nullopt;
    out.numbers.elements.push_back(data.numbers.elements[*at]);
  }
  return out;
}

std::optional<Block> concat_blocks(const std::vector<Block>& in) {
  Block out;
  for (const Block& block : in) {
    if (block.shape.size() != 1) return std::nullopt;
    out.numbers.elements.insert(out.numbers.elements.end(), block.numbers.elements.begin(),
                                block.numbers.elements.end());
    out.numbers.integral = out.numbers.integral && block.numbers.integral;
  }
  out.shape = {static_cast<std::int64_t>(out.count())};
  return out;
}

// Along one axis, of up to two: torch.onnx turns the order of paddings around this way.
std::optional<Block> slice_block(const Walk& walk, ir::NodeId node, const Block& data) {
  const auto start = integer_of(walk, node, 1);
  const auto end = integer_of(walk, node, 2);
  const auto axis = walk.has_input(node, 3) ? integer_of(walk, node, 3) : std::optional<std::int64_t>(0);
  const auto step = walk.has_input(node, 4) ? integer_of(walk, node, 4) : std::optional<std::int64_t>(1);
  const auto starts = walk.numbers(node, 1);
  if (!start || !end || !axis || !step || *step == 0 || starts->elements.size() != 1) return std::nullopt;
  const auto along = axis_index(*axis, static_cast<int>(data.shape.size()));
  if (!along) return std::nullopt;
  const std::int64_t size = data.shape[*along];
  const auto place = [&](std::int64_t at) {
    if (at < 0) at = std::max(at, -(std::int64_t{1} << 40)) + size;
    return *step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  std::vector<std::size_t> taken;
  const std::int64_t stride = std::clamp<std::int64_t>(*step, -1000, 1000);
  for (std::int64_t at = place(*start); stride > 0 ? at < place(*end) : at > place(*end); at += stride) {
    taken.push_back(static_cast<std::size_t>(at));
  }
  std::size_t inner = 1;
  for (std::size_t i = *along + 1; i < data.shape.size(); ++i) inner *= static_cast<std::size_t>(data.shape[i]);
  const std::size_t outer = size == 0 ? 0 : data.count() / inner / static_cast<std::size_t>(size);
  Block out{data.shape, {{}, data.numbers.integral}};
  out.shape[*along] = static_cast<std::int64_t>(taken.size());
  for (std::size_t o = 0; o < outer; ++o) {
    for (const std::size_t at : taken) {
      const auto first = data.numbers.elements.begin() +
                         static_cast<std::ptrdiff_t>((o * static_cast<std::size_t>(size) + at) * inner);
      out.numbers.elements.insert(out.numbers.elements.end(), first, first + static_cast<std::ptrdiff_t>(inner));
    }
  }
  return out;
}

std::optional<Block> transpose_block(const Walk& walk, ir::NodeId node, const Block& data) {
  if (data.shape.size() != 2 || walk.graph().integers(node, "perm", {1, 0}) != std::vector<std::int64_t>{1, 0})
    return std::nullopt;
  Block out{{data.shape[1], data.shape[0]}, {{}, data.numbers.integral}};
  const auto columns = static_cast<std::size_t>(data.shape[1]);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < static_cast<std::size_t>(data.shape[0]); ++r) {
      out.numbers.elements.push_back(data.numbers.elements[r * columns + c]);
    }
  }
  return out;
}

std::optional<Block> reshape_block(const Walk& walk, ir::NodeId node, Block data) {
  const auto shape = walk.numbers(node, 1);
  if (!shape) return std::nullopt;
  std::vector<std::int64_t> wanted;
  std::int64_t known = 1;
  for (std::size_t i = 0; i < shape->elements.size(); ++i) {
    const auto size = fixed_number(*shape, i);
    if (!size || *size < -1 || *size == 0 || *size > static_cast<std::int64_t>(kMostNumbers)) return std::nullopt;
    wanted.push_back(*size);
    if (*size > 0) known *= *size;
    if (known > static_cast<std::int64_t>(kMostNumbers)) return std::nullopt;
  }
  for (std::int64_t& size : wanted) {
    if (size == -1) size = static_cast<std::int64_t>(data.count()) / known;
  }
  if (count_of(wanted) != data.count()) return std::nullopt;
  data.shape = std::move(wanted);
  return data;
}

std::optional<Block> constant_block(const Walk& walk, ir::NodeId node, const Block& shape) {
  Block out;
  for (std::size_t i = 0; i < shape.count(); ++i) {
    const auto size = fixed_number(shape.numbers, i);
    if (!size) return std::nullopt;
    out.shape.push_back(*size);
  }
  const std::size_t count = count_of(out.shape);
  if (count > kMostNumbers) return std::nullopt;
  Element value{};
  const auto& attributes = walk.graph().node(node).attributes;
  if (const auto found = attributes.find("value"); found != attributes.end()) {
    const auto* tensor = std::get_if<ir::Tensor>(&found->second);
    const auto numbers = tensor ? numbers_of(*tensor) : nullptr;
    if (!numbers || numbers->elements.size() != 1) return std::nullopt;
    value = numbers->elements.front();
    out.numbers.integral = numbers->integral;
  }
  out.numbers.elements.assign(count, value);
  return out;
}

}  // namespace mantissa::net
