// Networks whose convolutions pad nothing, and so give less than the whole picture, get its border back.
#pragma once

#include "ir/graph.h"

namespace mantissa::net {

// Before:  y = F(x)    x [1,3,height,width], y [1,3,2*height-8,2*width-8]
// After:   p = Pad(x, {0,0,2,2,0,0,2,2}) {mode="edge"}  y = F(p)    y [1,3,2*height,2*width]
// As waifu2x and other networks from before PyTorch are: who runs them repeats the edge of the picture. Where y is a
// whole number of times x less as much on each side; afterwards shapes are to be inferred again. Returns whether it was
// done.
bool keep_border(ir::Graph& graph);

}  // namespace mantissa::net
