// Exact fractions for positions on grids of different fineness.
// An overflow is kept and makes every later result overflowed too.
#pragma once

#include <cstdint>
#include <numeric>

namespace mantissa::net {

class Rational {
 public:
  constexpr Rational(std::int64_t value = 0) : numerator_(value) {}  // not explicit, for 2 * step
  constexpr Rational(std::int64_t numerator, std::int64_t denominator)
      : numerator_(numerator), denominator_(denominator) {
    reduce();
  }

  [[nodiscard]] constexpr std::int64_t numerator() const { return numerator_; }
  [[nodiscard]] constexpr std::int64_t denominator() const { return denominator_; }
  [[nodiscard]] constexpr bool overflowed() const { return denominator_ == 0; }
  [[nodiscard]] constexpr std::int64_t floor() const {
    if (overflowed()) return 0;
    const std::int64_t quotient = numerator_ / denominator_;
    return numerator_ % denominator_ < 0 ? quotient - 1 : quotient;
  }
  [[nodiscard]] constexpr std::int64_t ceil() const { return -(-*this).floor(); }

  constexpr Rational operator-() const { return {-numerator_, denominator_}; }
  friend constexpr Rational operator+(Rational a, Rational b) {
    std::int64_t left = 0;
    std::int64_t right = 0;
    std::int64_t sum = 0;
    std::int64_t below = 0;
    const bool over = __builtin_mul_overflow(a.numerator_, b.denominator_, &left) ||
                      __builtin_mul_overflow(b.numerator_, a.denominator_, &right) ||
                      __builtin_add_overflow(left, right, &sum) ||
                      __builtin_mul_overflow(a.denominator_, b.denominator_, &below);
    return over ? Rational(0, 0) : Rational(sum, below);
  }
  friend constexpr Rational operator-(Rational a, Rational b) { return a + -b; }
  friend constexpr Rational operator*(Rational a, Rational b) {
    std::int64_t above = 0;
    std::int64_t below = 0;
    const bool over = __builtin_mul_overflow(a.numerator_, b.numerator_, &above) ||
                      __builtin_mul_overflow(a.denominator_, b.denominator_, &below);
    return over ? Rational(0, 0) : Rational(above, below);
  }
  friend constexpr Rational operator/(Rational a, Rational b) { return a * Rational(b.denominator_, b.numerator_); }
  friend constexpr bool operator==(Rational a, Rational b) = default;
  // Meaningless for an overflowed one.
  friend constexpr bool operator<(Rational a, Rational b) { return (a - b).numerator_ < 0; }

 private:
  // Far below the limits of int64, so that negation and floor cannot overflow.
  static constexpr std::int64_t kLargest = std::int64_t{1} << 40;

  constexpr void reduce() {
    const std::int64_t divisor = std::gcd(numerator_, denominator_);
    if (denominator_ == 0 || divisor == 0) return overflow();
    const std::int64_t sign = denominator_ < 0 ? -1 : 1;
    numerator_ = numerator_ / divisor * sign;
    denominator_ = denominator_ / divisor * sign;
    if (numerator_ > kLargest || numerator_ < -kLargest || denominator_ > kLargest) overflow();
  }
  constexpr void overflow() {
    numerator_ = 0;
    denominator_ = 0;
  }

  std::int64_t numerator_ = 0;
  std::int64_t denominator_ = 1;
};

}  // namespace mantissa::net
