#include "format/tensorflow/held.h"

namespace mantissa::format {

std::optional<Length> plus(const Length& a, const Length& b, std::int64_t sign) {
  if (b.of != ir::kNoValue && (sign < 0 || a.of != ir::kNoValue)) return std::nullopt;
  Length sum = a.of == ir::kNoValue ? b : a;
  if (__builtin_mul_overflow(b.addend, sign, &sum.addend) || __builtin_add_overflow(a.addend, sum.addend, &sum.addend))
    return std::nullopt;
  return sum;
}

std::optional<Length> times(const Length& a, const Length& b) {
  if (a.of != ir::kNoValue && b.of != ir::kNoValue) return std::nullopt;
  Length product = a.of == ir::kNoValue ? b : a;
  const std::int64_t by = a.of == ir::kNoValue ? a.addend : b.addend;
  if (__builtin_mul_overflow(product.factor, by, &product.factor) ||
      __builtin_mul_overflow(product.addend, by, &product.addend))
    return std::nullopt;
  return product;
}

std::optional<std::int64_t> ratio(const Length& large, const Length& small) {
  if (large.of != small.of || large.axis != small.axis) return std::nullopt;
  const std::int64_t above = large.of == ir::kNoValue ? large.addend : large.factor;
  const std::int64_t below = large.of == ir::kNoValue ? small.addend : small.factor;
  if (below <= 0 || above <= 0 || above % below != 0) return std::nullopt;
  const auto product = times(small, exactly(above / below));
  if (!product || *product != large) return std::nullopt;
  return above / below;
}

std::optional<std::size_t> axis_in_ir(Layout layout, std::int64_t axis) {
  if (axis < -4 || axis > 3) return std::nullopt;
  const auto place = static_cast<std::size_t>(axis < 0 ? axis + 4 : axis);
  constexpr std::size_t kFromLast[] = {0, 2, 3, 1};
  return layout == Layout::channels_last ? kFromLast[place] : place;
}

}  // namespace mantissa::format
