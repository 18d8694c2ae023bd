// DepthToSpace in one operator, where an exporter spelled it out.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// Before:  a = Reshape(x, {n, c, r, r, h, w})  b = Transpose(a) {perm=[0,1,4,2,5,3]}  y = Reshape(b, {n, c, h*r, w*r})
// After:   y = DepthToSpace(x) {blocksize=r, mode="CRD"}
// With {n, r, r, c, h, w} and perm=[0,3,4,1,5,2] likewise, in mode "DCR". Told by the inferred shapes; stays where a
// value in between has another reader.
void fuse_depth_to_space(ir::Graph& graph);

}  // namespace mantissa::pass
