// A layer's input is rounded before its weights see it: noise, which hides what varies less than the noise does.
#pragma once

#include <span>

#include "mantissa/result.h"
#include "quant/patch_moments.h"

namespace mantissa::quant {

// Replaces the weights of a convolution by those that, on inputs with that noise, come nearest to what the weights give
// without it: Wiener's filter, w - (C + D)^-1 D w, with the second moments C of the inputs and the noise's D.
// `weights`: [outputs][patch] row by row; `noise`: variance of the noise on each element of a patch, in the units of
// the moments. Where these come from too few patches to say what inputs do not hold, nothing is changed.
void expect_noise(std::span<float> weights, const PatchMoments& moments, float noise);

}  // namespace mantissa::quant
