// Pictures that a network takes and gives with their channels last, as networks of TensorFlow do, get them first.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// What the ends of a network were.
struct Ends {
  bool takes_bytes = false;  // uint8: pictures of 0..255
  bool gives_bytes = false;
};

// Before:  x uint8[1,height,width,3]                     After:  x float32[1,3,height,width]
//          f = Cast(x)  d = Div(f, 255)                          d = Div(x, 255)
//          t = Transpose(d) {perm=[0,3,1,2]}                     c = Conv(d, w)
//          c = Conv(t, w)                                        y = c
//          y = Transpose(c) {perm=[0,2,3,1]}
// As exporters of TensorFlow leave it. Transposes go down through what works element by element, and away where they
// meet their inverse; where they do not, they stay. Pictures in bytes become floats of the same numbers, where a Cast
// is all that reads (makes) them. `graph` has inferred shapes.
Ends put_channels_first(ir::Graph& graph);

}  // namespace mantissa::pass
