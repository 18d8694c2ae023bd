#include "net/geometry/flow.h"

#include <algorithm>
#include <cmath>

namespace mantissa::net {
namespace {

// Where a Slice ends that goes "to the end" (2^63 - 1) is cut to a number that both double and int64 hold.
constexpr double kFarAway = 9e15;

}  // namespace

Sizes same_size(std::int64_t size) {
  Sizes sizes;
  sizes.fill(size);
  return sizes;
}

Axis plain_axis(std::int64_t size) {
  if (size == 1) return {};
  return {Atom{same_size(size), Role::plain}};
}

Sizes sizes_of(const Axis& axis) {
  Sizes product = same_size(1);
  for (const Atom& atom : axis) {
    for (std::size_t p = 0; p < product.size(); ++p) {
      if (__builtin_mul_overflow(product[p], atom.size[p], &product[p])) product[p] = kLongestAxis;
      product[p] = std::min(product[p], kLongestAxis);
    }
  }
  return product;
}

std::int64_t base_size(const Axis& axis) { return sizes_of(axis)[0]; }

bool has_spatial(const Axis& axis) {
  return std::any_of(axis.begin(), axis.end(), [](const Atom& atom) { return is_spatial(atom.role); });
}

bool is_repeated(const Axis& axis) {
  return std::all_of(axis.begin(), axis.end(), [](const Atom& atom) { return atom.role == Role::repeated; });
}

Role role_of(const Axis& axis) {
  return axis.size() == 1 && is_spatial(axis.front().role) ? axis.front().role : Role::plain;
}

std::optional<std::int64_t> fixed_number(const Numbers& numbers, std::size_t index) {
  if (index >= numbers.elements.size()) return std::nullopt;
  const auto& at = numbers.elements[index];
  const double value = at[0];
  if (!std::isfinite(value) || value != std::floor(value)) return std::nullopt;
  if (std::any_of(at.begin(), at.end(), [value](double other) { return other != value; })) return std::nullopt;
  return static_cast<std::int64_t>(std::clamp(value, -kFarAway, kFarAway));
}

}  // namespace mantissa::net
