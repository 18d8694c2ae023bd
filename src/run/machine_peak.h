// What this machine can do at most: the two lines of the roofline (Williams, Waterman and Patterson 2009, Roofline: An
// Insightful Visual Performance Model).
#pragma once

#include "mantissa/bench.h"
#include "mantissa/result.h"

namespace mantissa::run {

// Multiply-accumulates: a 3x3 convolution of 128 to 128 channels over 128x128 pixels, compute-bound in every format, on
// the provider of ours that is fastest in float32 and keeps its direct kernels (no Winograd transform, which would do
// fewer). Memory: a copy between two buffers larger than the caches, on all cores. Best of several runs: about half a
// second in all. Errors: no provider can run a convolution.
[[nodiscard]] Result<MachinePeak> measure_peak(int threads);

// The least time for an input pixel, in microseconds: its multiply-accumulates at the peak of their formats, or its
// bytes at the memory's, whichever is more. `bytes`: what must at least go to and from memory.
[[nodiscard]] double roofline(const MachinePeak& peak, double macs, double share_in_int8, bool floats_in_bf16,
                              double bytes);

}  // namespace mantissa::run
