// The pipeline, top to bottom: read, calibrate, make each variant, judge, measure, leave out what failed, write the
// manifest.
#include "mantissa/release.h"

#include <algorithm>
#include <cstdio>

#include "base/cpu.h"
#include "base/files.h"
#include "base/progress.h"
#include "format/manifest.h"
#include "format/network_file.h"
#include "format/onnx.h"
#include "mantissa/version.h"
#include "net/architecture.h"
#include "net/merge_sizes.h"
#include "pass/channels_last_to_first.h"
#include "pass/flush_tiny_weights.h"
#include "release/calibration.h"
#include "release/choose_floats.h"
#include "release/engines.h"
#include "release/judge.h"
#include "release/make_variants.h"
#include "release/measure.h"
#include "release/picture_set.h"
#include "release/repair_again.h"
#include "release/tile_errors.h"
#include "target/target.h"

namespace mantissa {
namespace release {
namespace {

namespace fs = std::filesystem;

// Manifest and engines speak of nodes by name, and ONNX does not ask for one.
void name_nodes(ir::Graph& graph) {
  int next = 0;
  for (const ir::NodeId id : graph.sorted()) {
    ir::Node& node = graph.node(id);
    if (node.name.empty()) node.name = node.op + "_unnamed_" + std::to_string(next++);
  }
}

Result<net::Network> read_and_recognise(const ReleaseRequest& request) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(request.network, request.overrides));
  MANTISSA_TRY(net::state_levels(network.task, request.sigma));
  net::merge_sizes(network.graph);
  // A rebuilt graph has no formats and shapes yet.
  MANTISSA_ASSIGN(network.graph, format::with_inferred_shapes(network.graph));
  name_nodes(network.graph);
  MANTISSA_TRY(pass::channels_last_to_first(network.graph));
  MANTISSA_TRY(pass::flush_tiny_weights(network.graph));
  return network;
}

struct Pictures {
  PictureSet calibration;
  PictureSet evaluation;
  bool apart = true;  // false: nothing to evaluate on was given, the calibration pictures judge as well
};

Result<Pictures> find_pictures(const ReleaseRequest& request, const net::Task& task,
                               const image::Degradation& degradation) {
  // Noise of the evaluation set must not repeat that of the calibration set.
  constexpr std::uint64_t kEvaluationSeed = 1'000'003;
  MANTISSA_ASSIGN(PictureSet calibration, PictureSet::open({request.calibrate}, degradation, task, request.seed));
  if (request.evaluate.empty()) return Pictures{calibration, calibration, false};
  MANTISSA_ASSIGN(PictureSet evaluation,
                  PictureSet::open(request.evaluate, degradation, task, request.seed + kEvaluationSeed));
  return Pictures{std::move(calibration), std::move(evaluation), true};
}

// Where the level of noise is stated, noise of that level is added; --degrade may say so once more, or that the
// pictures are noisy already.
Result<image::Degradation> choose_degradation(const ReleaseRequest& request) {
  using Kind = image::Degradation::Kind;
  if (!request.sigma) return image::parse_degradation(request.degrade.empty() ? "none" : request.degrade);
  MANTISSA_ASSIGN(const net::Levels levels, net::parse_levels(*request.sigma));
  if (request.degrade.empty()) return image::Degradation{Kind::noise, 1, levels.high};
  MANTISSA_ASSIGN(const image::Degradation degradation, image::parse_degradation(request.degrade));
  const bool same_noise =
      degradation.kind == Kind::noise && degradation.sigma == levels.low && degradation.sigma == levels.high;
  if (degradation.kind == Kind::none || same_noise) return degradation;
  return usage_error("--degrade " + request.degrade + " and --sigma " + *request.sigma + " do not agree",
                     "Leave out --degrade: noise as strong as --sigma says is added to clean pictures");
}

// As it would be typed.
std::string text_of(const image::Degradation& degradation, const net::Task& task) {
  if (degradation.kind != image::Degradation::Kind::noise || !task.condition) return degradation.text();
  return "noise:" + net::text_of(*task.condition->levels);
}

Result<std::vector<const target::Target*>> choose_targets(const std::vector<std::string>& names) {
  std::vector<const target::Target*> targets;
  if (names.empty()) {
    MANTISSA_ASSIGN(targets.emplace_back(), target::target_of(base::cpu()));
  }
  for (const std::string& name : names) {
    MANTISSA_ASSIGN(targets.emplace_back(), target::target_named(name));
  }
  return targets;
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code ignored;  // it was written just now
  const std::uintmax_t size = fs::file_size(file, ignored);
  return ignored ? 0 : size;
}

void remove_file(const fs::path& folder, const std::string& path) {
  std::error_code ignored;
  fs::remove(folder / path, ignored);
  fs::remove((folder / path).parent_path(), ignored);  // if nothing else is in it
}

// Weights of four bits are of no use where those of eight take no more room.
Result<FourBits> make_smaller(const Sources& sources, const target::FileToMake& file,
                              const std::vector<Draft>& others) {
  MANTISSA_ASSIGN(FourBits made, make_int4_weights(sources, file));
  if (!made.draft) return made;
  const fs::path& folder = sources.folder;
  for (const Draft& other : others) {
    if (other.artifact.variant != "int8-weights" ||
        size_of(folder / other.artifact.path) > size_of(folder / made.draft->artifact.path))
      continue;
    remove_file(folder, made.draft->artifact.path);
    return FourBits{{}, other.artifact.path + " is no larger, since 4 bits would cost most layers too much"};
  }
  return made;
}

// All files of the release, judged or not. What cannot be made here goes to `left_out`.
Result<std::vector<Draft>> make_drafts(const Sources& sources, const std::vector<target::FileToMake>& files,
                                       std::vector<format::LeftOut>& left_out) {
  std::vector<Draft> drafts;
  MANTISSA_ASSIGN(drafts.emplace_back(), make_fp32(sources));
  MANTISSA_ASSIGN(drafts.emplace_back(), make_checkpoint(sources));
  MANTISSA_ASSIGN(drafts.emplace_back(), make_fp16(sources));
  for (const target::FileToMake& file : files) {
    const target::ArtifactSpec& spec = file.spec;
    base::detail("making " + spec.path);
    if (const auto here = run::provider(spec.provider); !spec.provider.empty() && !here.ok()) {
      left_out.push_back({spec.variant, spec.path, here.error().message(), {}});
    } else if (spec.variant == "bf16") {
      auto made = make_bf16(sources, file);
      if (made.ok())
        drafts.push_back(*std::move(made));
      else if (made.error().code == ErrorCode::internal)  // an operator that ONNX does not have in it
        left_out.push_back({spec.variant, spec.path, made.error().message(), {}, /*needed=*/false});
      else
        return std::move(made).error();
    } else if (spec.variant == "int4-weights") {
      MANTISSA_ASSIGN(FourBits made, make_smaller(sources, file, drafts));
      if (made.draft)
        drafts.push_back(*std::move(made.draft));
      else
        left_out.push_back({spec.variant, spec.path, std::move(made.obstacle), {}, /*needed=*/false});
    } else {
      MANTISSA_ASSIGN(drafts.emplace_back(), make_eight_bits(sources, file));
      MANTISSA_TRY(choose_floats(drafts.back(), sources.folder, sources.network));
    }
  }
  return drafts;
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : "; ") + sentence;
  return text;
}

// Moves what passed into the manifest, and what failed out of the folder.
Result<void> sort_out(std::vector<Draft> drafts, const fs::path& folder, const net::Network& network,
                      format::Manifest& manifest) {
  for (Draft& draft : drafts) {
    format::Artifact& artifact = draft.artifact;
    if (artifact.verdict && !artifact.verdict->passed) {
      remove_file(folder, artifact.path);
      manifest.left_out.push_back(
          {artifact.variant, artifact.path, joined(artifact.verdict->failures), artifact.verdict});
      continue;
    }
    MANTISSA_TRY(measure(draft, folder, network));
    artifact.bytes = size_of(folder / artifact.path);
    MANTISSA_ASSIGN(artifact.sha256, base::sha256_of_file(folder / artifact.path));
    manifest.artifacts.push_back(std::move(artifact));
  }
  return {};
}

Result<format::Manifest> begin_manifest(const ReleaseRequest& request, const net::Network& network,
                                        const std::vector<const target::Target*>& targets, const Pictures& pictures,
                                        const image::Degradation& degradation) {
  format::Manifest manifest;
  manifest.tool = "mantissa " + std::string(version());
  manifest.network_file = request.network.filename().string();
  MANTISSA_ASSIGN(manifest.network_sha256, base::sha256_of_file(request.network));
  manifest.architecture = network.architecture;
  manifest.hyperparameters = network.hyperparameters;
  manifest.task = network.task;
  manifest.machine = base::cpu().model;
  for (const target::Target* target : targets) manifest.targets.push_back(target->name);
  for (const run::ProviderDescriptor& each : run::providers())
    if (const auto engine = run::provider(each.name); engine.ok()) manifest.engines.push_back((*engine)->version());
  manifest.calibration = pictures.calibration.description();
  manifest.evaluation =
      pictures.apart ? pictures.evaluation.description() : "the calibration pictures, since no others were given";
  manifest.degradation = text_of(degradation, network.task);
  manifest.seed = request.seed;
  manifest.without = request.without;
  return manifest;
}

// `fp32`: bytes of the fp32 file.
std::string note_on(const format::Artifact& artifact, std::uint64_t fp32) {
  char text[128];
  std::string note;
  if (artifact.variant.ends_with("-weights") && artifact.bytes < fp32) {
    std::snprintf(text, sizeof text, "%.0f kB, %.0f %% less than fp32", static_cast<double>(artifact.bytes) / 1000,
                  100 - 100 * static_cast<double>(artifact.bytes) / static_cast<double>(fp32));
    note = text;
  }
  if (artifact.variant == "int8" && !artifact.speeds.empty()) {
    std::snprintf(text, sizeof text, "%.1f %% of the work in integers", 100 * artifact.int8_share);
    note = text;
  }
  const auto protected_layers = std::count_if(artifact.repairs.begin(), artifact.repairs.end(),
                                              [](const format::RepairStep& step) { return step.rung == "protection"; });
  if (protected_layers > 0) {
    std::snprintf(text, sizeof text, "%sprotected: %td layer%s", note.empty() ? "" : "; ", protected_layers,
                  protected_layers > 1 ? "s" : "");
    note += text;
  }
  return note;
}

ReleasedFile row_of(const std::string& variant, const std::string& path,
                    const std::optional<format::Verdict>& verdict) {
  ReleasedFile row;
  row.variant = variant;
  row.path = path;
  if (!verdict) return row;
  const format::Figures& figures = verdict->figures;
  if (figures.has_truth) {
    row.psnr = figures.psnr_variant;
    row.loss_percent = figures.loss_percent;
  }
  if (figures.pictures > 0) row.psnr_to_fp32 = figures.psnr_to_fp32;
  return row;
}

ReleaseSummary summary_of(const format::Manifest& manifest, const fs::path& folder) {
  ReleaseSummary summary;
  summary.folder = folder;
  summary.evaluation = manifest.evaluation;
  summary.assumed = manifest.task.assumed;
  const net::Task& task = manifest.task;
  char range[64];
  std::snprintf(range, sizeof range, "%g..%g", static_cast<double>(task.range_low),
                static_cast<double>(task.range_high));
  summary.network = (manifest.architecture.empty() ? "network" : manifest.architecture) + ", " + task.kind + " x" +
                    std::to_string(task.scale) + ", " + std::string(net::name_of(task.colour)) + " " + range;
  std::optional<double> fp32_psnr;
  for (const format::Artifact& artifact : manifest.artifacts) {
    ReleasedFile row = row_of(artifact.variant, artifact.path, artifact.verdict);
    row.shipped = true;
    row.verdict = artifact.verdict ? "passed (" + artifact.verdict->kind + ")" : "reference";
    if (artifact.verdict) summary.weak_evidence |= artifact.verdict->weak_evidence;
    if (artifact.verdict && artifact.verdict->figures.has_truth) fp32_psnr = artifact.verdict->figures.psnr_fp32;
    if (!artifact.speeds.empty()) {
      row.microseconds_per_pixel = artifact.speeds.front().microseconds_per_pixel;
      row.provider = artifact.speeds.front().provider;
    }
    row.bytes = artifact.bytes;
    row.note = note_on(artifact, manifest.artifacts.front().bytes);
    summary.files.push_back(std::move(row));
  }
  for (const format::LeftOut& left : manifest.left_out) {
    ReleasedFile row = row_of(left.variant, left.path, left.verdict);
    row.needed = left.needed;
    row.verdict = left.needed ? "left out" : "not needed";
    row.note = left.reason;
    if (left.verdict && left.verdict->figures.has_truth) fp32_psnr = left.verdict->figures.psnr_fp32;
    summary.files.push_back(std::move(row));
  }
  summary.files.front().psnr = fp32_psnr;  // the reference itself
  return summary;
}

// Everything that the folder is to hold.
Result<format::Manifest> fill(const fs::path& folder, const ReleaseRequest& request,
                              const std::vector<const target::Target*>& targets,
                              const std::vector<target::FileToMake>& files, const quant::Techniques& techniques,
                              const image::Degradation& degradation) {
  MANTISSA_ASSIGN(const net::Network network, read_and_recognise(request));
  MANTISSA_ASSIGN(const Pictures pictures, find_pictures(request, network.task, degradation));
  MANTISSA_ASSIGN(Calibration calibration, read_calibration(pictures.calibration, network.task, request.seed));
  MANTISSA_ASSIGN(calibration.fp32_psnr, psnr_of_fp32(network, pictures.evaluation));
  MANTISSA_ASSIGN(format::Manifest manifest, begin_manifest(request, network, targets, pictures, degradation));

  base::detail("calibrating");
  MANTISSA_ASSIGN(const quant::Statistics statistics,
                  quant::calibrate(network.graph, statistics_for(network.graph, files), calibration.for_ranges,
                                   execute_on(kReference), request.seed));
  const Sources sources{
      network, statistics, calibration, techniques, std::chrono::duration<double>(request.repair_seconds), folder};
  MANTISSA_ASSIGN(std::vector<Draft> drafts, make_drafts(sources, files, manifest.left_out));
  MANTISSA_TRY(judge(drafts, folder, network.task, pictures.evaluation));
  MANTISSA_TRY(judge_in_float32(drafts, folder, network.task, pictures.evaluation));
  MANTISSA_TRY(repair_again(drafts, sources, pictures.evaluation));
  if (!pictures.apart)
    for (Draft& draft : drafts)
      if (draft.artifact.verdict) draft.artifact.verdict->weak_evidence = true;
  MANTISSA_TRY(sort_out(std::move(drafts), folder, network, manifest));
  MANTISSA_ASSIGN(manifest.tile_errors, measure_tile_errors(network, pictures.evaluation));
  MANTISSA_TRY(base::write_text(folder / "release.json", format::to_json(manifest)));
  return manifest;
}

Result<ReleaseSummary> make(const ReleaseRequest& request) {
  MANTISSA_ASSIGN(const image::Degradation degradation, choose_degradation(request));
  MANTISSA_ASSIGN(const auto targets, choose_targets(request.targets));
  std::vector<target::FileToMake> files = target::files_for(targets);
  std::erase_if(files, [](const target::FileToMake& file) { return !target::meets(base::cpu(), file.spec.needs); });
  if (!request.fp8.empty()) MANTISSA_TRY(target::choose_fp8(files, request.fp8));
  MANTISSA_ASSIGN(const quant::Techniques techniques, quant::techniques_without(request.without));
  MANTISSA_ASSIGN(base::AtomicFolder folder, base::AtomicFolder::create(request.output));
  const auto manifest = fill(folder.temporary_path(), request, targets, files, techniques, degradation);
  if (!manifest.ok()) return folder.under_its_name(manifest.error());
  MANTISSA_TRY(folder.commit());
  return summary_of(*manifest, request.output);
}

}  // namespace
}  // namespace release

Result<ReleaseSummary> make_release(const ReleaseRequest& request) { return release::make(request); }

}  // namespace mantissa
