// The larger parts of a statement of the text form.
#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"
#include "ir/text_tokens.h"

namespace mantissa::ir::text {

// %NAME and what stands behind it.
struct ValueText {
  Token name;
  std::optional<base::NumberFormat> format;
  std::optional<Shape> shape;
  std::optional<Quantization> quantization;
};

[[nodiscard]] Result<ValueText> read_value(Tokens& tokens);
// "[2,3]"; errors where a size is not known.
[[nodiscard]] Result<std::vector<std::int64_t>> read_sizes(Tokens& tokens);
// "{1, 2}" and its other forms.
[[nodiscard]] Result<base::Bytes> read_data(Tokens& tokens, base::NumberFormat format);
[[nodiscard]] Result<Attribute> read_attribute(Tokens& tokens);

}  // namespace mantissa::ir::text
