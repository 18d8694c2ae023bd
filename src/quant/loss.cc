#include "quant/loss.h"

namespace mantissa::quant {
namespace {

// Of what passes: a check below needs no more help. Other pictures than these will judge.
constexpr double kEnough = 0.8;
// What an error counts in a check that does not need help: where layers are equal otherwise, the worse one goes first.
constexpr double kWithoutNeed = 0.02;

}  // namespace

double need(const std::vector<double>& shares, const std::vector<double>& removed, double aim) {
  double sum = 0;
  for (std::size_t check = 0; check < shares.size(); ++check) {
    const double left = shares[check] - removed[check];
    sum += std::max(left - kEnough * aim, 0.0) + kWithoutNeed * std::max(left, 0.0);
  }
  return sum;
}

}  // namespace mantissa::quant
