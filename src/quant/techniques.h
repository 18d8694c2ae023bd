// What quantization does for the picture's sake, each of which can be switched off to see what it buys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::quant {

struct Techniques {
  bool least_squares = true;    // choose_range.h
  bool equalization = true;     // equalize_layers.h
  bool channel_scales = true;   // scale_channels.h
  bool expected_noise = true;   // expect_noise.h
  bool gptq = true;             // compensate_rounding.h
  bool bias_correction = true;  // correct_bias.h
  bool output_fit = true;       // fit_output.h
  bool reconstruction = true;   // reconstruct.h
  bool protection = true;       // protect_layers.h
};

struct Technique {
  std::string_view name;  // as `mantissa release --without` takes it
  bool Techniques::*on;
};
inline constexpr Technique kTechniques[] = {{"least-squares", &Techniques::least_squares},
                                            {"equalization", &Techniques::equalization},
                                            {"channel-scales", &Techniques::channel_scales},
                                            {"expected-noise", &Techniques::expected_noise},
                                            {"gptq", &Techniques::gptq},
                                            {"bias-correction", &Techniques::bias_correction},
                                            {"output-fit", &Techniques::output_fit},
                                            {"reconstruction", &Techniques::reconstruction},
                                            {"protection", &Techniques::protection}};

// All but those named. Errors (usage): no such name; lists those that there are.
[[nodiscard]] Result<Techniques> techniques_without(const std::vector<std::string>& names);

}  // namespace mantissa::quant
