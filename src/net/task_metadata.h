// A task as JSON in a graph's metadata, so that a file of ours needs no guessing when it is read again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::net {

inline constexpr std::string_view kTaskKey = "mantissa.task";

struct StoredTask {
  Task task;
  std::string architecture;
  std::vector<std::pair<std::string, std::string>> hyperparameters;
};

// nullopt when the graph has no such metadata. Errors (bad_input): it is not what write_task_metadata() writes.
[[nodiscard]] Result<std::optional<StoredTask>> read_task_metadata(const ir::Graph& graph);

}  // namespace mantissa::net
