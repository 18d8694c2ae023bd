// What the walk through a graph knows of one value: the length of each of its axes at many sizes of the input picture,
// which axes run over the picture's rows and columns, and how far away the pixels lie that its elements depend on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/geometry/rational.h"

namespace mantissa::net {

// The graph is walked for pictures of kBaseRows + n rows and kBaseColumns + n columns, n = 0 ... 64, at once. The base
// is a multiple of every size multiple that a network could want, and which n work tells that multiple (up to 64).
inline constexpr std::int64_t kBaseRows = 40320;  // 2^7 * 3^2 * 5 * 7
inline constexpr std::int64_t kBaseColumns = 2 * kBaseRows;
inline constexpr int kProbes = 65;
inline constexpr std::int64_t kLongestAxis = std::int64_t{1} << 40;

using Sizes = std::array<std::int64_t, kProbes>;
[[nodiscard]] Sizes same_size(std::int64_t size);

enum class Role {
  plain,     // channels, heads, the pixels inside a window, ...
  repeated,  // every element is the same: made by Expand or ConstantOfShape
  rows,
  columns
};

// An axis is a product of atoms, the last one fastest: tokens made of a picture are {rows, columns}.
// No atom: a length of 1.
struct Atom {
  Sizes size{};
  Role role = Role::plain;
};
using Axis = std::vector<Atom>;

// Element i along the rows (columns) depends on the input's rows from i*step + low to i*step + high.
struct Reach {
  Rational step = 1;
  Rational low = 0;
  Rational high = 0;
};

// The elements of a small tensor that is arithmetic on sizes (what torch.onnx makes of x.shape), at each probe.
struct Numbers {
  std::vector<std::array<double, kProbes>> elements;
  bool integral = true;
};

struct Flow {
  bool shape_known = false;
  std::vector<Axis> axes;
  bool depends = false;  // on pixels at all
  std::array<Reach, 2> reach;
  bool sized = false;                 // on how large the picture is
  std::optional<std::string> global;  // why each element depends on the whole picture
  std::shared_ptr<const Numbers> numbers;

  [[nodiscard]] int rank() const { return static_cast<int>(axes.size()); }
};

[[nodiscard]] inline bool is_spatial(Role role) { return role == Role::rows || role == Role::columns; }
[[nodiscard]] Axis plain_axis(std::int64_t size);
[[nodiscard]] Sizes sizes_of(const Axis& axis);  // clamped to kLongestAxis
[[nodiscard]] std::int64_t base_size(const Axis& axis);
[[nodiscard]] bool has_spatial(const Axis& axis);
[[nodiscard]] bool is_repeated(const Axis& axis);
// The role of an axis that runs over rows or over columns and nothing else; plain for every other.
[[nodiscard]] Role role_of(const Axis& axis);
[[nodiscard]] inline Reach& reach_along(Flow& flow, Role role) { return flow.reach[role == Role::rows ? 0 : 1]; }
// The value that a number has at every probe, nullopt when it varies or is no whole number.
[[nodiscard]] std::optional<std::int64_t> fixed_number(const Numbers& numbers, std::size_t index);

}  // namespace mantissa::net
