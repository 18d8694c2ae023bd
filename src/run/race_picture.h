// A picture to race over, where no other is at hand: like a photograph to a network, and the same on every machine.
#pragma once

#include "image/picture.h"

namespace mantissa::run {

// Dead leaves: discs of all sizes that cover each other, each a flat colour with a little texture. Their statistics are
// those of natural pictures: edges at every scale, and radii with a density of r^-3 (Lee, Mumford and Huang 2001,
// Occlusion Models for Natural Images). RGB in 0..1.
[[nodiscard]] image::Picture race_picture(int width, int height);

}  // namespace mantissa::run
