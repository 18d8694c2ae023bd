// What a form of the network loses against fp32, and how far that is from what is wanted.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::quant {

// On pictures kept for decisions.
struct Loss {
  double decibels = 0;         // PSNR
  std::vector<double> shares;  // for each check, the squared error as a share of what the gate allows; always as many
  bool bearable = false;       // more than what is allowed, but little; worth no great sacrifice

  // Up to 1 passes.
  [[nodiscard]] double of_allowed() const { return *std::max_element(shares.begin(), shares.end()); }
};

enum class Effort { rough, full };  // rough: on a few of the pictures, good enough to rank layers

// The loss of the variant in which `in_float` are float.
using JudgeProtection = std::function<Result<Loss>(const std::vector<ir::NodeId>& in_float, Effort effort)>;

// How far checks are from what is wanted when each has lost `removed` of its share (a number for each). `aim`: the
// share that passes.
[[nodiscard]] double need(const std::vector<double>& shares, const std::vector<double>& removed, double aim = 1);

}  // namespace mantissa::quant
