// What the network gets during calibration: tiles of the calibration pictures, split between choosing ranges and taking
// decisions.
#pragma once

#include <optional>
#include <vector>

#include "image/picture.h"
#include "mantissa/result.h"
#include "quant/execute.h"
#include "release/picture_set.h"

namespace mantissa::release {

struct Calibration {
  std::vector<quant::Batch> for_ranges;     // what statistics are gathered on
  std::vector<quant::Batch> for_decisions;  // what repair is judged on
  std::vector<quant::Batch> colours;        // some of those, exaggerated: for the checks of single squares
  std::vector<quant::Batch> detail;         // likewise
  std::vector<quant::Batch> flat;           // black and white, which the gate looks at too
  std::optional<double> fp32_psnr;          // in dB, on the pictures of the gate; nullopt: they have no true pictures
};

// The network's input for a picture: its colours, its range, [1, channels, height, width].
// `level`: of noise, in 8-bit levels, for a network that is told.
[[nodiscard]] quant::Batch batch_of(const image::Picture& picture, const net::Task& task,
                                    std::optional<float> level = {});
// The other way: what the network gave as a picture, 0..1, luminance or RGB.
[[nodiscard]] image::Picture picture_of(const quant::Batch& batch, const net::Task& task);

// A picture of one grey, with at least kFlatMiddle pixels in the middle that lie beyond the receptive field from every
// edge, or well away from it where the field has no bound.
inline constexpr int kFlatMiddle = 64;
[[nodiscard]] image::Picture flat_picture(const net::Task& task, float level);

// How far from its edge a flat picture is left out of account, in pixels of the input. Where the receptive field has no
// bound (a mean over the whole picture), most of what padding does stays near the edge all the same.
[[nodiscard]] int rim_of(const net::Task& task);

// Of an output, the part that lies beyond the receptive field from every edge: there a flat picture is flat for the
// network too.
[[nodiscard]] image::Picture middle_of_flat(const image::Picture& output, const net::Task& task);

// Some 24 tiles of at most 128 pixels a side, one or more of each picture, at places chosen by the seed; memory does
// not depend on picture sizes beyond the one that is being read. Some come once more with stronger colours or
// more detail. Flat black, grey and white join the ranges, where levels of noise are stated at the ends and the middle
// of those.
[[nodiscard]] Result<Calibration> read_calibration(const PictureSet& pictures, const net::Task& task,
                                                   std::uint64_t seed);

}  // namespace mantissa::release
