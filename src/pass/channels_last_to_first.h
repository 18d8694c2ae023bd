// Matrix products over the channels of a picture become convolutions.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Before:  l = Transpose(x) {perm=[0,2,3,1]}         After:  y = Conv(x, w^T [outputs,inputs,1,1], b)
//          m = MatMul(l, w [inputs,outputs])
//          a = Add(m, b)
//          y = Transpose(a) {perm=[0,3,1,2]}
// The same numbers in another order of sums, without the copies; and engines compute convolutions as integers that they
// leave in float here. Between the two Transposes there may be any number of products with constant matrices and of
// operators that join channels or work element by element; a region with anything else, or with a value that leaves it
// by another way, stays as it is.
[[nodiscard]] Result<void> channels_last_to_first(ir::Graph& graph);

}  // namespace mantissa::pass
