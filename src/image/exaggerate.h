// Pictures with more of something than photographs mostly have: what a network must bear, too.
#pragma once

#include "image/picture.h"

namespace mantissa::image {

// Each pixel `factor` times as far from its luminance, clipped to 0..1. Three channels.
[[nodiscard]] Picture exaggerate_colours(const Picture& picture, float factor);

// Each sample `factor` times as far from the mean of its 3x3 neighbours, clipped to 0..1; at the edge the nearest
// samples are repeated.
[[nodiscard]] Picture exaggerate_detail(const Picture& picture, float factor);

// A zone plate: rings around the middle that grow finer with the distance r, as cos(pi r^2 / side), so that each
// direction and each frequency up to the finest that pixels hold (at side / 2) is in it. `contrast` 1 goes from black
// to white around middle grey. Equal channels.
[[nodiscard]] Picture zone_plate(int side, int channels, float contrast);

}  // namespace mantissa::image
