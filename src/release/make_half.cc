// The variants in 16-bit floats (release/make_variants.h).
#include <optional>
#include <utility>

#include "pass/emulate_rounding.h"
#include "pass/lower_to_half.h"
#include "pass/scale_input_to_levels.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "quant/fit_output.h"
#include "release/decision_tiles.h"
#include "release/engines.h"
#include "release/make_variants.h"

namespace mantissa::release {
namespace {

using ir::Graph;

// From black to white in a picture of 8 bits.
constexpr double kLevels = 255;

// The network's graph with the formats of its nodes.
Result<Graph> planned_half(const Sources& sources, base::NumberFormat format, Draft& draft) {
  Graph graph = sources.network.graph;
  plan::Plan plan = plan::plan_half(graph, format);
  MANTISSA_TRY(quant::find_half_islands(graph, plan, sources.statistics));
  draft.artifact.decisions = decisions_of(graph, plan);
  plan::apply(plan, graph);
  return graph;
}

// The engine that will run it, or what it will do emulated.
quant::Execute execute_half(const target::FileToMake& file) {
  if (!file.spec.provider.empty()) return execute_on(file.spec.provider, {.floats = file.spec.floats, .tap = {}});
  return [](const Graph& graph, std::span<const quant::Batch> inputs, const quant::Tap& tap,
            const auto& collect) -> Result<void> {
    Graph emulated = graph;
    MANTISSA_TRY(pass::emulate_rounding(emulated));
    return execute_on(kReference, {.optimize = false, .tap = {}})(emulated, inputs, tap, collect);
  };
}

// What brings a graph in 16-bit floats nearest to fp32; nullopt where nothing does. An engine that refuses the graph
// says so at the gate.
std::optional<quant::OutputFit> fit_half(const Sources& sources, const Graph& lowered, const target::FileToMake& file,
                                         const quant::LastLayer& layer) {
  DecisionTiles tiles(sources.network.task, sources.calibration, file.spec.variant);
  const std::string_view exact = file.spec.provider.empty() ? kReference : std::string_view(file.spec.provider);
  if (!tiles.run_fp32(execute_on(exact), sources.network.graph).ok()) return std::nullopt;
  const auto outputs = tiles.run(execute_half(file), lowered);
  return outputs.ok() ? tiles.best_fit(*outputs, layer).fit : std::nullopt;
}

}  // namespace

Result<Draft> make_fp16(const Sources& sources) {
  Draft draft = draft_of("fp16", "fp16/model.onnx");
  draft.judge = kReference;
  draft.emulated = true;
  MANTISSA_ASSIGN(Graph graph, planned_half(sources, base::NumberFormat::float16, draft));
  MANTISSA_TRY(pass::lower_to_half(graph));
  MANTISSA_TRY(write_graph(sources.network, std::move(graph), sources.folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_bf16(const Sources& sources, const target::FileToMake& file) {
  const net::Network& network = sources.network;
  Draft draft = draft_of(file);
  MANTISSA_ASSIGN(Graph graph, planned_half(sources, base::NumberFormat::bfloat16, draft));
  const auto span = static_cast<double>(network.task.range_high - network.task.range_low);
  MANTISSA_TRY(pass::scale_input_to_levels(graph, kLevels / span));
  Graph lowered = graph;
  MANTISSA_TRY(pass::lower_to_half(lowered));
  const std::optional<quant::LastLayer> layer = quant::last_layer(network.graph);
  if (sources.techniques.output_fit && layer) {
    if (const auto fit = fit_half(sources, lowered, file, *layer)) {
      quant::apply_behind(*fit, *layer, graph);
      MANTISSA_TRY(pass::lower_to_half(graph));
      lowered = std::move(graph);
    }
  }
  MANTISSA_TRY(write_graph(network, std::move(lowered), sources.folder / draft.artifact.path));
  return draft;
}

}  // namespace mantissa::release
