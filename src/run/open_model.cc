#include "run/open_model.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/cpu.h"
#include "base/files.h"
#include "base/progress.h"
#include "format/manifest.h"
#include "format/network_file.h"
#include "format/onnx.h"
#include "net/architecture.h"
#include "pass/flush_tiny_weights.h"
#include "target/target.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

// One way to run a release: a file on a provider.
struct Way {
  const format::Artifact* artifact;
  std::string provider;
  double microseconds_per_pixel;
};

std::string machine_hint(const format::Manifest& manifest) {
  return manifest.machine == base::cpu().model ? "measured on this kind of machine" : "measured on " + manifest.machine;
}

bool fits_this_machine(const format::Artifact& artifact) {
  if (artifact.targets.empty()) return true;
  return std::any_of(artifact.targets.begin(), artifact.targets.end(), [](const std::string& name) {
    const auto target = target::target_named(name);
    return target.ok() && target::meets(base::cpu(), (*target)->needs);
  });
}

// Every file and provider that the request allows, fastest first.
std::vector<Way> ways_to_run(const format::Manifest& manifest, const RunnerRequest& request) {
  std::vector<Way> ways;
  for (const format::Artifact& artifact : manifest.artifacts) {
    if (!request.variant.empty() && artifact.variant != request.variant) continue;
    if (!fits_this_machine(artifact) || (artifact.verdict && !artifact.verdict->passed)) continue;
    for (const format::Speed& speed : artifact.speeds)
      if (request.provider.empty() || speed.provider == request.provider)
        ways.push_back({&artifact, speed.provider, speed.microseconds_per_pixel});
  }
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Way& a, const Way& b) { return a.microseconds_per_pixel < b.microseconds_per_pixel; });
  return ways;
}

Error nothing_to_run(const format::Manifest& manifest, const RunnerRequest& request) {
  std::string have;
  for (const format::Artifact& artifact : manifest.artifacts)
    for (const format::Speed& speed : artifact.speeds)
      have += (have.empty() ? "" : ", ") + artifact.variant + " on " + speed.provider;
  const std::string release = "the release " + request.model.string();
  const std::string asked = request.variant.empty() && request.provider.empty()
                                ? "nothing in " + release + " can run on this machine"
                                : release + " has no " + (request.variant.empty() ? "variant" : request.variant) +
                                      (request.provider.empty() ? "" : " for " + request.provider) +
                                      " that can run here";
  return unsupported(asked, "It holds " + (have.empty() ? "nothing executable" : have));
}

Result<std::unique_ptr<Session>> open_artifact(const fs::path& file, const format::Artifact& artifact,
                                               std::string_view provider_name, int threads) {
  MANTISSA_ASSIGN(const base::Bytes bytes, base::map_file(file));
  if (!artifact.sha256.empty() && base::sha256(bytes.span()) != artifact.sha256)
    return bad_input("the file " + file.string() + " was changed after the release was made",
                     "Make the release again, or get an unaltered copy");
  MANTISSA_ASSIGN(Provider * engine, provider(provider_name));
  return engine->open(bytes.span(), {.threads = threads, .floats = artifact.floats, .tap = {}}).in(file.string());
}

void tell_level(const net::Task& task, Session& session, float level) {
  session.set_condition(task.condition->number_of(level), task.condition->step);
}

// The next variant in safety that can be opened here.
Result<std::optional<SaferVariant>> open_safer(const format::Manifest& manifest, RunnerRequest request,
                                               const std::string& than) {
  request.variant.clear();
  std::vector<Way> ways = ways_to_run(manifest, request);
  std::erase_if(ways, [&](const Way& way) { return narrowness(way.artifact->variant) >= narrowness(than); });
  std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) {
    return narrowness(a.artifact->variant) > narrowness(b.artifact->variant);
  });
  for (const Way& way : ways) {
    auto session = open_artifact(request.model / way.artifact->path, *way.artifact, way.provider, request.threads);
    if (!session.ok() && session.error().code == ErrorCode::bad_input) return std::move(session).error();
    if (!session.ok()) continue;
    if (manifest.task.condition) tell_level(manifest.task, **session, static_cast<float>(*request.sigma));
    return std::optional(SaferVariant{way.artifact->variant, *std::move(session)});
  }
  return std::optional<SaferVariant>();
}

Result<OpenModel> open_release(const RunnerRequest& request) {
  if (request.overrides.range || request.overrides.colour)
    return usage_error("the release " + request.model.string() + " says itself what range and colours its network has",
                       "Leave out --range and --colour");
  MANTISSA_ASSIGN(const format::Manifest manifest, format::read_manifest(request.model));
  MANTISSA_TRY(net::check_level(manifest.task, request.sigma));
  if (!request.provider.empty()) MANTISSA_TRY(provider(request.provider));
  std::optional<Error> problem;
  for (const Way& way : ways_to_run(manifest, request)) {
    const fs::path file = request.model / way.artifact->path;
    auto session = open_artifact(file, *way.artifact, way.provider, request.threads);
    if (!session.ok()) {
      if (session.error().code == ErrorCode::bad_input)
        return std::move(session).error();  // damaged: no reason to go on quietly
      if (!problem) problem = std::move(session).error();
      continue;
    }
    char speed[96];
    std::snprintf(speed, sizeof speed, "%.2f microseconds a pixel, ", way.microseconds_per_pixel);
    return OpenModel{manifest.task,
                     *std::move(session),
                     way.artifact->variant,
                     way.provider,
                     "fastest that passed the gate: " + (speed + machine_hint(manifest)),
                     SaferVariants(way.artifact->variant, [manifest, request](const std::string& than) {
                       return open_safer(manifest, request, than);
                     })};
  }
  if (problem) return *std::move(problem);
  return nothing_to_run(manifest, request);
}

// What a network file holds, which may be a file of a release.
std::string variant_of(const ir::Graph& graph) {
  for (const ir::NodeId node : graph.nodes())
    if (graph.node(node).op == "DequantizeLinear") return "int8";
  for (const ir::ValueId constant : graph.constants())
    if (graph.value(constant).constant->format == base::NumberFormat::float16) return "fp16";
  return "fp32";
}

Result<OpenModel> open_network(const RunnerRequest& request) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(request.model));
  const std::string variant = variant_of(network.graph);
  if (!request.variant.empty() && request.variant != variant)
    return usage_error("the network " + request.model.string() + " is " + variant + ", not " + request.variant,
                       "Make a release first: mantissa release " + request.model.string());
  MANTISSA_TRY(net::override_task(network.task, request.overrides));
  MANTISSA_TRY(net::check_level(network.task, request.sigma));
  MANTISSA_TRY(pass::flush_tiny_weights(network.graph));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(network.graph));
  std::optional<Error> problem;
  for (const ProviderDescriptor& descriptor : providers()) {
    if (!request.provider.empty() && descriptor.name != request.provider) continue;
    auto engine = provider(descriptor.name);
    if (engine.ok()) {
      MANTISSA_ASSIGN(auto session, (*engine)->open(std::as_bytes(std::span(onnx)),
                                                    {.threads = request.threads, .optimize = true, .tap = {}}));
      return OpenModel{network.task,
                       std::move(session),
                       variant,
                       std::string(descriptor.name),
                       "the network as it came",
                       SaferVariants("the network", nullptr)};
    }
    if (!problem) problem = std::move(engine).error();
  }
  if (problem) return *std::move(problem);
  MANTISSA_TRY(provider(request.provider));
  return internal_error("no provider is listed");
}

Result<OpenModel> open_any(const RunnerRequest& request) {
  std::error_code ignored;
  if (!fs::exists(request.model, ignored)) return bad_input("there is no file or folder " + request.model.string());
  if (fs::exists(request.model / "release.json", ignored)) return open_release(request);
  if (fs::is_directory(request.model, ignored))
    return bad_input("the folder " + request.model.string() + " is no release: it has no release.json",
                     "Give a release, a PyTorch checkpoint, a safetensors file or an ONNX file");
  return open_network(request);
}

// Tells a network how noisy the pictures are.
void tell_level(OpenModel& model, float level) {
  tell_level(model.task, *model.session, level);
  const auto& judged = model.task.condition->levels;
  if (judged && (level < judged->low || level > judged->high) && model.variant != "fp32")
    base::warn("the release was judged at noise of " + net::text_of(*judged) + ": what " + model.variant +
               " does at other levels is not known");
}

}  // namespace

Result<OpenModel> open_model(const RunnerRequest& request) {
  MANTISSA_ASSIGN(OpenModel model, open_any(request));
  if (model.task.condition) tell_level(model, static_cast<float>(*request.sigma));
  return model;
}

}  // namespace mantissa::run
