#include "release/draft.h"

#include <utility>

#include "format/onnx.h"
#include "net/architecture.h"
#include "release/engines.h"

namespace mantissa::release {

using ir::Graph;

Draft draft_of(std::string variant, std::string path) {
  Draft draft;
  draft.artifact.variant = std::move(variant);
  draft.artifact.path = std::move(path);
  return draft;
}

Draft draft_of(const target::FileToMake& file) {
  Draft draft = draft_of(file.spec.variant, file.spec.path);
  draft.artifact.targets = file.targets;
  draft.artifact.floats = file.spec.floats;
  draft.emulated = file.spec.provider.empty();
  draft.judge = draft.emulated ? std::string(kReference) : file.spec.provider;
  return draft;
}

std::vector<format::Decision> decisions_of(const Graph& graph, const plan::Plan& plan) {
  std::vector<format::Decision> decisions;
  for (const plan::Choice& choice : plan.choices)
    decisions.push_back({graph.describe(choice.node), std::string(base::name_of(choice.format)), choice.reason});
  return decisions;
}

Result<void> write_graph(const net::Network& network, Graph graph, const std::filesystem::path& path) {
  net::write_task_metadata(network, graph);
  std::error_code ignored;  // a folder that cannot be made shows when the file is written
  std::filesystem::create_directories(path.parent_path(), ignored);
  return format::write_onnx(graph, path);
}

}  // namespace mantissa::release
