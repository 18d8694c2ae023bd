// What each layer adds to the loss of a form, measured: alone in integers, or with its neighbours where there are more
// layers than time.
#pragma once

#include <functional>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/histogram.h"
#include "quant/loss.h"

namespace mantissa::quant {

struct Layer {
  ir::NodeId node;
  double macs = 0;  // any unit; only shares count
  // How much it is expected to err, in any unit: what layers that are only measured together add is shared out so.
  double expected_error = 1;
};

// What 8 bits add to the values that a layer reads, against their power: an expected_error that needs no run.
[[nodiscard]] double expected_error(const Histogram& input);

struct MeasuredLayer {
  Layer layer;
  std::vector<double> shares;  // that it is expected to add to each check
  double gain = 0;             // dB of PSNR that it alone in float is expected to buy
};

struct MeasuredLayers {
  std::vector<MeasuredLayer> layers;  // in the order of `layers`; without those that no time was left for
  bool out_of_time = false;           // not every layer that matters was measured by itself
};

// `layers` in the order of the graph; `before`: with all of them in integers; `time_left` in any unit, nothing is begun
// at 0. Squared errors of layers add up, while taking one of many away says little, since what is left hides it: so
// everything else is in float when a layer is judged (roughly). Where the first two judgements show that there is no
// time for all layers, neighbours (blocks that repeat, most often) are judged together, and the groups that add most
// are halved while time lasts, until what is left of one adds less than a layer does on average. The groups are those
// of a binary tree over the layers: with more time the same judgements are made, and further ones.
[[nodiscard]] Result<MeasuredLayers> measure_layers(const std::vector<Layer>& layers, const Loss& before,
                                                    const JudgeProtection& judge,
                                                    const std::function<double()>& time_left);

}  // namespace mantissa::quant
