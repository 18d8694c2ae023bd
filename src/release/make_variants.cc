#include "release/make_variants.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <unordered_set>

#include "base/progress.h"
#include "base/work_clock.h"
#include "format/checkpoint.h"
#include "format/safetensors.h"
#include "net/geometry.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "quant/protect_layers.h"
#include "quant/weight_layers.h"
#include "release/engines.h"
#include "release/trial.h"

namespace mantissa::release {
namespace {

using ir::Graph;
using ir::NodeId;

// What layers in float may add to the time of all in integers, and of the work may go back to float. More than the first
// only where that does not pass. ONNX Runtime gains less from integers and loses more by them.
struct Wanted {
  double time;
  std::vector<double> shares;
};
const Wanted kWanted{0.1, {0.2, 0.3, 0.4, 0.5, 0.8}}, kWantedClosed{0.3, {0.5, 0.65, 0.8}};

// Of what eight bits may err: other pictures will judge, and a failure would cost the file, where a layer more in eight
// bits costs a few bytes.
constexpr double kAimOfFourBits = 0.7;

// Of a loss, below which slower floats are worth it.
constexpr double kMuchLess = 0.8;

// Of what the gate allows, that slower floats are not needed below: with every layer in float, before eight bits add to it.
constexpr double kShareOfFloats = 0.5;

// In full, that the budget of repair must suffice for besides the rough ones.
constexpr double kJudgements = 20;

// The layers with weights that the plan has in eight bits, with their work and what they are expected to err.
std::vector<quant::Layer> eight_bit_layers(const Graph& graph, const plan::Plan& plan,
                                           const quant::Statistics& statistics) {
  std::vector<quant::Layer> layers;
  for (const net::NodeCost& cost : net::costs(graph)) {
    const auto choice = std::find_if(plan.choices.begin(), plan.choices.end(),
                                     [&](const plan::Choice& c) { return c.node == cost.node; });
    if (choice == plan.choices.end() || !base::needs_scale(choice->format)) continue;
    quant::Layer& layer = layers.emplace_back(quant::Layer{cost.node, cost.macs_per_pixel});
    const auto seen = statistics.values.find(graph.value(graph.node(cost.node).inputs[0]).name);
    if (seen != statistics.values.end()) layer.expected_error = quant::expected_error(seen->second.histogram());
  }
  return layers;
}

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// Of the layers all but some.
std::vector<NodeId> nodes_of(const std::vector<quant::Layer>& layers, const std::vector<NodeId>& but) {
  std::vector<NodeId> nodes;
  for (const quant::Layer& layer : layers)
    if (!contains(but, layer.node)) nodes.push_back(layer.node);
  return nodes;
}

// Runs fp32 where the form is to be judged. Returns whether it is to be repaired.
Result<bool> begin(Trial& trial, const Sources& sources) {
  const double budget = sources.repair_budget.count();
  const bool protect = sources.techniques.protection && budget > 0;
  const double seconds = protect ? budget / kJudgements : std::numeric_limits<double>::infinity();
  if (protect || sources.techniques.output_fit) MANTISSA_TRY(trial.run_fp32(seconds));
  return protect;
}

quant::JudgeProtection judge_of(Trial& trial) {
  return [&trial](const auto& nodes, quant::Effort effort) { return trial.judge(nodes, effort); };
}

// Where bfloat16 alone takes much of what the gate allows, float32 from the start.
Result<void> try_bfloat16(Trial& trial, const std::vector<quant::Layer>& layers, double aim, Draft& draft) {
  MANTISSA_ASSIGN(const quant::Loss loss, trial.judge(nodes_of(layers, {}), quant::Effort::full));
  if (loss.of_allowed() <= kShareOfFloats * aim) return {};
  draft.artifact.floats = base::NumberFormat::float32;
  trial.compute_floats_in(base::NumberFormat::float32);
  return {};
}

// The rung behind protection: it costs no speed, and buys little.
Result<void> try_reconstruction(Trial& trial, const std::vector<NodeId>& in_float, quant::Loss& reached,
                                std::chrono::duration<double> budget, Draft& draft) {
  MANTISSA_ASSIGN(const auto done, trial.reconstruct(in_float, reached, budget));
  if (!done) return {};
  const double gain = done->after.decibels - reached.decibels;
  char found[128];
  std::snprintf(found, sizeof found, "%zu layers reconstructed: %.2f dB against fp32, %.2f of the loss", done->layers,
                done->after.decibels, done->after.of_allowed());
  base::detail(found);
  std::vector<format::RepairStep>& repairs = draft.artifact.repairs;
  format::RepairStep step = repairs.empty() ? format::RepairStep{} : repairs.back();  // in float is what was before
  step.rung = "reconstruction";
  step.node = std::to_string(done->layers) + " layers";
  step.gain = gain;
  repairs.push_back(std::move(step));
  draft.artifact.rungs.push_back({"reconstruction", gain, 0});
  reached = done->after;
  return {};
}

// The last rung: slower floats, where the engine would compute in others.
Result<void> try_float32(Trial& trial, const std::vector<NodeId>& in_float, const quant::Loss& before, Draft& draft) {
  trial.compute_floats_in(base::NumberFormat::float32);
  MANTISSA_ASSIGN(const quant::Loss after, trial.judge(in_float, quant::Effort::full));
  if (after.bearable > before.bearable || (!before.bearable && after.of_allowed() < kMuchLess * before.of_allowed())) {
    draft.artifact.floats = base::NumberFormat::float32;
    draft.artifact.rungs.push_back({"float32", after.decibels - before.decibels, 0});
  } else {
    trial.compute_floats_in(draft.artifact.floats);
  }
  return {};
}

// What a convolution gives or reads: its channels may get scales.
bool is_beside_convolution(const Graph& graph, ir::ValueId id) {
  const ir::Value& value = graph.value(id);
  const auto is_convolution = [&](NodeId node) { return graph.node(node).op == "Conv"; };
  return (value.producer != ir::kNoNode && is_convolution(value.producer)) ||
         std::any_of(value.uses.begin(), value.uses.end(),
                     [&](const ir::Use& use) { return is_convolution(use.node); });
}

// Those that may have weights of four bits: with enough of them, which lie as the lowering takes them. Their number
// stands for work.
std::vector<quant::Layer> four_bit_layers(const Graph& graph, std::size_t block,
                                          const std::vector<quant::Layer>& eight_bits) {
  std::vector<quant::Layer> layers;
  for (const quant::WeightLayer& layer : quant::find_weights(graph, {base::NumberFormat::int4, block}).layers) {
    const auto planned = std::find_if(eight_bits.begin(), eight_bits.end(),
                                      [&](const quant::Layer& each) { return each.node == layer.node; });
    const bool matrix = graph.value(layer.weight).constant->shape.size() == 2;
    if (planned != eight_bits.end() && (layer.outputs_first || matrix))
      layers.push_back({layer.node, static_cast<double>(layer.inputs * layer.outputs), planned->expected_error});
  }
  return layers;
}

void tell(const std::string& path, const quant::Protection& protection, double required, const char* format) {
  char found[256];
  std::snprintf(found, sizeof found,
                "%s: %.2f dB against fp32, %.2f dB wanted, %.2f of the loss that the gate allows; with %zu layers in "
                "%s %.2f dB, %.2f of the loss%s",
                path.c_str(), protection.before.decibels, required, protection.before.of_allowed(),
                protection.steps.size(), format, protection.after.decibels, protection.after.of_allowed(),
                protection.out_of_time ? "; out of time" : "");
  base::detail(found);
}

// The layers that go back to float, as the manifest is to have them.
std::vector<NodeId> protected_by(const quant::Protection& protection, const Graph& graph, Draft& draft) {
  std::vector<NodeId> nodes;
  for (const quant::ProtectionStep& step : protection.steps) {
    base::detail(graph.describe(step.node) + " in float");
    nodes.push_back(step.node);
    draft.artifact.repairs.push_back(
        {"protection", graph.describe(step.node), step.gain, step.share_in_float, step.time});
  }
  if (!protection.steps.empty())
    draft.artifact.rungs.push_back(
        {"protection", protection.after.decibels - protection.before.decibels, protection.steps.back().time});
  return nodes;
}

}  // namespace

quant::StatisticsRequest statistics_for(const Graph& graph, const std::vector<target::FileToMake>& files) {
  quant::StatisticsRequest request;
  std::unordered_set<ir::ValueId> wanted;
  std::unordered_set<NodeId> convolutions;
  for (const target::FileToMake& file : files) {
    if (file.spec.qdq.empty()) continue;  // what 16 bits need is there already
    Graph planned = graph;
    plan::apply(plan::plan_eight_bits(graph, style_of(file.spec)), planned);
    for (const ir::ValueId value : plan::values_to_quantize(planned, style_of(file.spec))) wanted.insert(value);
    for (const NodeId node : planned.sorted())
      if (planned.node(node).format == base::NumberFormat::int8 && convolutions.insert(node).second)
        request.convolutions.push_back(node);
  }
  // Of what 8-bit forms may scale by the channel, all that calibration can tell; of the others what 16 bits need.
  for (const ir::ValueId value : quant::values_to_watch(graph, plan::plan_half(graph, base::NumberFormat::float16))) {
    if (is_beside_convolution(graph, value))
      wanted.insert(value);
    else
      request.magnitudes.push_back(value);
  }
  request.values.assign(wanted.begin(), wanted.end());
  return request;
}

Result<Draft> make_fp32(const Sources& sources) {
  Draft draft = draft_of("fp32", "fp32/model.onnx");
  MANTISSA_TRY(write_graph(sources.network, sources.network.graph, sources.folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_checkpoint(const Sources& sources) {
  // In the kind of file that it came in.
  const ir::StateDict& checkpoint = sources.network.checkpoint;
  const bool as_safetensors = checkpoint.metadata.has_value();
  Draft draft = draft_of("fp32", as_safetensors ? "fp32/checkpoint.safetensors" : "fp32/checkpoint.pth");
  const auto write = as_safetensors ? format::write_safetensors : format::write_checkpoint;
  MANTISSA_TRY(write(checkpoint, sources.folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_eight_bits(const Sources& sources, const target::FileToMake& file, const RepairAim& aim) {
  const target::ArtifactSpec& spec = file.spec;
  const net::Network& network = sources.network;
  std::vector<NodeId> in_float;
  Draft draft = draft_of(file);
  draft.eight_bits = &file;
  Trial trial(network, file, sources.statistics, sources.calibration, sources.techniques);
  MANTISSA_TRY(trial.balance());
  MANTISSA_ASSIGN(const bool protect, begin(trial, sources));
  const base::WorkClock clock;
  if (protect) {
    const std::vector<quant::Layer> layers = eight_bit_layers(network.graph, trial.plan_with({}), sources.statistics);
    if (spec.floats != base::NumberFormat::float32) MANTISSA_TRY(try_bfloat16(trial, layers, aim.share, draft));
    quant::ProtectOptions options;
    const Wanted& wanted = spec.qdq == "closed" ? kWantedClosed : kWanted;
    options.float_cost = spec.float_cost;
    options.wanted_time = wanted.time;
    options.largest_shares = wanted.shares;
    options.aim = aim.share;
    options.measured = aim.layers;
    options.budget = sources.repair_budget.count();
    MANTISSA_ASSIGN(quant::Protection protection, quant::protect_layers(layers, judge_of(trial), options));
    tell(spec.path, protection, trial.required_decibels(), "float");
    in_float = protected_by(protection, network.graph, draft);
    draft.layers = std::move(protection.measured);
    quant::Loss reached = protection.after;
    // What protection left of the budget.
    const auto left = sources.repair_budget - std::chrono::duration<double>(clock.seconds());
    if (sources.techniques.reconstruction && reached.of_allowed() > aim.share && left.count() > 0)
      MANTISSA_TRY(try_reconstruction(trial, in_float, reached, left, draft));
    if (draft.artifact.floats != base::NumberFormat::float32 && reached.of_allowed() > aim.share)
      MANTISSA_TRY(try_float32(trial, in_float, reached, draft));
  }
  const plan::Plan plan = trial.plan_with(in_float);
  draft.artifact.decisions = decisions_of(network.graph, plan);
  MANTISSA_ASSIGN(Graph graph, trial.graph_with(in_float));
  MANTISSA_TRY(write_graph(network, std::move(graph), sources.folder / draft.artifact.path));
  return draft;
}

Result<FourBits> make_int4_weights(const Sources& sources, const target::FileToMake& file) {
  const net::Network& network = sources.network;
  Trial trial(network, file, sources.statistics, sources.calibration, sources.techniques);
  const std::vector<quant::Layer> layers = eight_bit_layers(network.graph, trial.plan_with({}), sources.statistics);
  std::vector<quant::Layer> four_bits = four_bit_layers(network.graph, file.format.block, layers);
  if (four_bits.empty()) return FourBits{{}, "no layer has enough weights for 4 bits"};
  MANTISSA_ASSIGN(const bool protect, begin(trial, sources));
  std::vector<NodeId> in_float, in_eight_bits;
  Draft draft = draft_of(file);
  if (protect) {
    quant::ProtectOptions options;
    options.budget = sources.repair_budget.count() / 2;
    options.wanted_time = kWanted.time;
    options.largest_shares = kWanted.shares;
    MANTISSA_ASSIGN(const quant::Protection from_eight, quant::protect_layers(layers, judge_of(trial), options));
    if (from_eight.after.of_allowed() > 1) return FourBits{{}, "weights of 8 bits cost the picture enough already"};
    in_float = protected_by(from_eight, network.graph, draft);
    std::erase_if(four_bits, [&](const quant::Layer& layer) { return contains(in_float, layer.node); });
    const auto judge = [&](const std::vector<NodeId>& raised, quant::Effort effort) -> Result<quant::Loss> {
      trial.hold_in_four_bits(nodes_of(four_bits, raised));
      return trial.judge(in_float, effort);
    };
    options.aim = kAimOfFourBits;
    options.wanted_time = 1;  // of the bytes, which 8 bits double
    options.largest_shares = {1};
    MANTISSA_ASSIGN(const quant::Protection from_four, quant::protect_layers(four_bits, judge, options));
    for (const quant::ProtectionStep& step : from_four.steps) in_eight_bits.push_back(step.node);
    tell(file.spec.path, from_four, trial.required_decibels(), "int8");
    if (from_four.after.of_allowed() > options.aim)
      return FourBits{{}, "within its time, repair did not find out which layers bear 4 bits"};
  }
  const std::vector<NodeId> left = nodes_of(four_bits, in_eight_bits);
  if (left.empty()) return FourBits{{}, "4 bits would cost every layer too much"};
  trial.hold_in_four_bits(left);
  plan::Plan plan = trial.plan_with(in_float);
  for (plan::Choice& choice : plan.choices)
    if (contains(in_eight_bits, choice.node))
      choice.reason = "its weights, which 4 bits would cost too much; it computes in float";
  draft.artifact.decisions = decisions_of(network.graph, plan);
  MANTISSA_ASSIGN(Graph graph, trial.graph_with(in_float));
  MANTISSA_TRY(write_graph(network, std::move(graph), sources.folder / draft.artifact.path));
  return FourBits{std::move(draft), {}};
}

}  // namespace mantissa::release
