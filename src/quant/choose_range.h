// Which interval of a value its 256 levels cover.
#pragma once

#include "base/number_format.h"
#include "ir/graph.h"
#include "quant/histogram.h"

namespace mantissa::quant {

enum class RangeMethod {
  minimum_maximum,  // clip nothing: for what carries the picture's black and white
  least_squares,    // the interval with the least squared error: rounding inside it and, counted more, clipping outside
};

// Always holds zero exactly and never has an empty interval. `format` is uint8, int8 for symmetric engines, or a
// float8, whose largest number stands for the largest magnitude observed: its steps grow with the number, so that
// clipping buys nothing.
[[nodiscard]] ir::Quantization choose_range(const Histogram& histogram, RangeMethod method,
                                            base::NumberFormat format = base::NumberFormat::uint8);
// The annotation for an interval that is known beforehand; it is widened to hold zero.
[[nodiscard]] ir::Quantization range_between(double low, double high,
                                             base::NumberFormat format = base::NumberFormat::uint8);

}  // namespace mantissa::quant
