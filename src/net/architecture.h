// Architectures: recognised from the keys of a checkpoint, hyperparameters recovered from shapes, rebuilt as a graph.
//
// Adding one is a file in net/architectures/ and a line in architectures.cc (docs/how-to-add.md).
#pragma once

#include <span>
#include <string_view>

#include "ir/state_dict.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::net {

struct Architecture {
  std::string_view name;  // as its authors call it
  std::string_view paper;
  std::string_view keys;  // what some of its keys look like, a number as '#': for telling which architecture is nearest
  // Whether these are its keys and shapes; must be true for no other architecture's.
  // Keys come without prefixes such as "module.".
  bool (*recognises)(const ir::StateDict& state);
  // Graph (input "input" [batch, channels, height, width], output "output"), task and hyperparameters.
  // Constants are named by their keys.
  Result<Network> (*build)(const ir::StateDict& state);
  // What is hard for narrow formats or for tiles, for users; empty where nothing is known to be.
  std::string_view hazards = "";
};

[[nodiscard]] std::span<const Architecture> architectures();
// nullptr: none has this name.
[[nodiscard]] const Architecture* architecture_named(std::string_view name);

// Finds the one architecture that claims the state dict, its branches merged (merge_branches.h), and builds it; the
// network keeps the state dict as it came.
// Errors (bad_input): none claims it; names some keys that were seen and the architecture whose keys are nearest.
[[nodiscard]] Result<Network> network_from_checkpoint(ir::StateDict state);

// Gives a graph that was read from ONNX or the like its task: from our own metadata, else from an architecture that
// recognises its constants, else from the graph itself, with what had to be assumed.
// Errors (unsupported): more than one picture input or output, channels other than 1 or 3,
// a scale that is not a whole number. `fixed_because`: why sizes that the file fixes could not be freed
// (net/free_sizes.h), for the user.
[[nodiscard]] Result<Network> network_from_graph(ir::Graph graph, const std::string& fixed_because = {});

// The task as metadata of a graph, so that a written file needs no guessing when it is read again.
void write_task_metadata(const Network& network, ir::Graph& graph);

}  // namespace mantissa::net
