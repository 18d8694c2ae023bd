// What the values of a TensorFlow graph are while it is turned into one of the IR.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace mantissa::format {

// The order of a picture's axes in the file; in the IR its channels are first either way.
enum class Layout { channels_last, channels_first };

// A size that is known as a number, or as `factor` times a length of another value, and `addend`.
struct Length {
  ir::ValueId of = ir::kNoValue;  // none: `addend` alone
  std::size_t axis = 2;           // of `of`: 2 for its height, 3 for its width
  std::int64_t factor = 0;
  std::int64_t addend = 0;
  bool operator==(const Length&) const = default;
};
[[nodiscard]] inline Length exactly(std::int64_t size) { return {ir::kNoValue, 2, 0, size}; }
// Errors in the form of nullopt: beyond 64 bits, or a product of two lengths that are not known.
[[nodiscard]] std::optional<Length> plus(const Length& a, const Length& b, std::int64_t sign = 1);
[[nodiscard]] std::optional<Length> times(const Length& a, const Length& b);
// The whole number that `small` is to be multiplied by; nullopt where there is none.
[[nodiscard]] std::optional<std::int64_t> ratio(const Length& large, const Length& small);

// Four axes, computed from the picture that goes in.
struct Picture {
  ir::ValueId id = ir::kNoValue;
  Layout layout = Layout::channels_last;
  std::int64_t channels = -1;     // -1: not known
  std::array<Length, 2> sides{};  // height and width
  bool as_input = false;          // as many channels as the picture that goes in, whose number the file may not state
};

// What TensorFlow computes sizes in: one number, or a row of them. nullopt: followed no further (the batch).
struct Lengths {
  std::vector<std::optional<Length>> values;
  bool is_row = true;
};

using Held = std::variant<Picture, ir::Tensor, Lengths>;

// Where axis `axis` (0..3, or -4..-1) of the file lies in the IR, N C H W; nullopt: there is no such axis.
[[nodiscard]] std::optional<std::size_t> axis_in_ir(Layout layout, std::int64_t axis);

}  // namespace mantissa::format
