// Arithmetic on sizes, written once: exporters repeat what leads from x.shape to a Reshape for every block (of craft's
// 8,000 nodes 5,400), and engines take most of their time to open such a file for it.
#pragma once

#include "ir/graph.h"

namespace mantissa::net {

// Of int64 values that depend on the size of the picture alone, those that are equal become one, and those that are the
// same for every size constants. What then is not needed goes. Returns how many nodes went.
//   %s = Shape(%x)  %c = Gather(%s, {1})     with 48 channels and one picture:   const %c = {48}
//   %s = Shape(%x)  %t = Shape(%y)           with y as large as x:               %s = Shape(%x), read instead of %t
// Which are equal is told from 65 sizes of large pictures and as many of the smallest (net/geometry.h). A graph is left
// as it is where its batch is not fixed to 1, where its geometry is not known, or where it works at no small size.
int merge_sizes(ir::Graph& graph);

}  // namespace mantissa::net
