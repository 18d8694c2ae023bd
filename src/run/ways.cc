#include "run/ways.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/files.h"
#include "format/network_file.h"
#include "format/onnx.h"
#include "format/thresholds.h"
#include "net/geometry.h"
#include "pass/flush_tiny_weights.h"
#include "run/two_part_session.h"
#include "target/target.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

bool fits_this_machine(const format::Artifact& artifact) {
  if (artifact.targets.empty()) return true;
  return std::any_of(artifact.targets.begin(), artifact.targets.end(), [](const std::string& name) {
    const auto target = target::target_named(name);
    return target.ok() && target::meets(base::cpu(), (*target)->needs);
  });
}

bool passed(const format::Artifact& artifact) { return !artifact.verdict || artifact.verdict->passed; }

// What a network file holds, which may be a file of a release.
std::string variant_of(const ir::Graph& graph) {
  for (const ir::NodeId node : graph.nodes())
    if (graph.node(node).op == "DequantizeLinear") return "int8";
  for (const ir::ValueId constant : graph.constants())
    if (graph.value(constant).constant->format == base::NumberFormat::float16) return "fp16";
  return "fp32";
}

double macs_of(const ir::Graph& graph) {
  double macs = 0;
  for (const net::NodeCost& cost : net::costs(graph)) macs += cost.macs_per_pixel;
  return macs;
}

// Ours, and with `others` all that are listed.
std::vector<std::string_view> names_of_providers(bool others) {
  std::vector<std::string_view> names;
  for (const ProviderDescriptor& own : providers()) names.push_back(own.name);
  if (others)
    for (const ProviderDescriptor& each : all_providers())
      if (!is_own(each.name)) names.push_back(each.name);
  return names;
}

Result<base::Bytes> read_unaltered(const fs::path& file, const std::string& sha256) {
  MANTISSA_ASSIGN(base::Bytes bytes, base::map_file(file));
  if (!sha256.empty() && base::sha256(bytes.span()) != sha256)
    return bad_input("the file " + file.string() + " was changed after the release was made",
                     "Make the release again, or get an unaltered copy");
  return bytes;
}

std::string sha256_of(std::string_view text) { return base::sha256(std::as_bytes(std::span(text))); }

}  // namespace

bool operator==(const Way& a, const Way& b) { return a.path == b.path && a.provider == b.provider; }

std::string name_of(const Way& way) { return (way.path.empty() ? way.variant : way.path) + " on " + way.provider; }

Result<Runnable> Runnable::read(const RunnerRequest& request) {
  std::error_code ignored;
  if (!fs::exists(request.model, ignored)) return bad_input("there is no file or folder " + request.model.string());
  Runnable runnable;
  runnable.model_ = request.model;
  if (fs::exists(request.model / "release.json", ignored))
    MANTISSA_TRY(runnable.read_release(request));
  else if (fs::is_directory(request.model, ignored))
    return bad_input("the folder " + request.model.string() + " is no release: it has no release.json",
                     "Give a release, a PyTorch checkpoint or an ONNX file");
  else
    MANTISSA_TRY(runnable.read_network(request));
  if (!request.provider.empty()) MANTISSA_TRY(provider(request.provider));
  return runnable;
}

Result<void> Runnable::read_release(const RunnerRequest& request) {
  const TaskOverrides& overrides = request.overrides;
  if (overrides.range || overrides.colour || overrides.output || overrides.cut_custom)
    return usage_error("the release " + model_.string() + " says itself what range, colours and output its network has",
                       "Leave out --range, --colour, --network-output and --cut-custom");
  MANTISSA_ASSIGN(manifest_, format::read_manifest(model_));
  task_ = manifest_->task;
  machine_ = manifest_->machine;
  MANTISSA_ASSIGN(const std::string text, base::read_text(model_ / "release.json"));
  identity_ = sha256_of(text);
  return {};
}

Result<void> Runnable::read_network(const RunnerRequest& request) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(model_, request.overrides));
  variant_ = variant_of(network.graph);
  if (!request.variant.empty() && request.variant != variant_)
    return usage_error("the network " + model_.string() + " is " + variant_ + ", not " + request.variant,
                       "Make a release first: mantissa release " + model_.string());
  MANTISSA_TRY(pass::flush_tiny_weights(network.graph));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(network.graph));
  macs_per_pixel_ = macs_of(network.graph);
  task_ = network.task;
  identity_ = sha256_of(onnx);
  onnx_ = base::Bytes::take(std::vector<char>(onnx.begin(), onnx.end()));
  return {};
}

const format::Artifact* Runnable::artifact(const Way& way) const {
  if (!manifest_) return nullptr;
  for (const format::Artifact& artifact : manifest_->artifacts)
    if (artifact.path == way.path) return &artifact;
  return nullptr;
}

// What the table says that suits the provider, whatever class of processor it was made for: it may not be the
// processor that computes.
void Runnable::add_suitable(std::string_view name, const RunnerRequest& request, std::vector<Way>& ways) const {
  const auto add = [&](Way way) {
    const bool known = std::find(ways.begin(), ways.end(), way) != ways.end();
    if (!known && (request.variant.empty() || way.variant == request.variant)) ways.push_back(std::move(way));
  };
  if (!manifest_) return add({"", variant_, std::string(name), {}});
  for (const ProviderDescriptor& descriptor : all_providers()) {
    if (descriptor.name != name) continue;
    for (const std::string_view path : descriptor.files)
      if (const format::Artifact* file = artifact({std::string(path), "", "", {}}); file != nullptr && passed(*file))
        add({file->path, file->variant, std::string(name), {}});
  }
}

std::vector<Way> Runnable::ways(const RunnerRequest& request, bool every) const {
  std::vector<Way> ways;
  if (manifest_) {
    for (const format::Artifact& artifact : manifest_->artifacts) {
      if (!request.variant.empty() && artifact.variant != request.variant) continue;
      if (!fits_this_machine(artifact) || !passed(artifact)) continue;
      for (const format::Speed& speed : artifact.speeds)
        if (request.provider.empty() || speed.provider == request.provider)
          ways.push_back({artifact.path, artifact.variant, speed.provider, speed.microseconds_per_pixel});
    }
    std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return *a.hint < *b.hint; });
  }
  const bool others = request.provider.empty() ? every : !is_own(request.provider);
  for (const std::string_view name : names_of_providers(others)) {
    if (!request.provider.empty() && name != request.provider) continue;
    if (is_own(name) && manifest_) continue;  // what it may run was measured
    if (is_own(name) || !request.provider.empty() || provider(name).ok()) add_suitable(name, request, ways);
  }
  return ways;
}

Error Runnable::nothing_to_run(const RunnerRequest& request) const {
  if (!manifest_) return internal_error("no provider is listed");
  std::string have;
  for (const format::Artifact& artifact : manifest_->artifacts)
    for (const format::Speed& speed : artifact.speeds)
      have += (have.empty() ? "" : ", ") + artifact.variant + " on " + speed.provider;
  const std::string release = "the release " + model_.string();
  const std::string asked = request.variant.empty() && request.provider.empty()
                                ? "nothing in " + release + " can run on this machine"
                                : release + " has no " + (request.variant.empty() ? "variant" : request.variant) +
                                      (request.provider.empty() ? "" : " for " + request.provider) +
                                      " that can run here";
  return unsupported(asked, "It holds " + (have.empty() ? "nothing executable" : have));
}

// Where that may be of use: a network of finite receptive field has tiles anyway.
Result<std::unique_ptr<Session>> Runnable::in_two_parts(std::unique_ptr<Session> whole, Provider* engine,
                                                        SessionOptions options,
                                                        std::function<Result<base::Bytes>()> read) const {
  if (task_.radius || task_.condition) return whole;
  const auto read_again = [read = std::move(read)]() -> Result<ir::Graph> {
    MANTISSA_ASSIGN(const base::Bytes bytes, read());
    return format::read_onnx(bytes);
  };
  const auto open = [engine, options = std::move(options)](std::span<const std::byte> onnx) {
    return engine->open(onnx, options);
  };
  return std::unique_ptr<Session>(std::make_unique<TwoPartSession>(std::move(whole), task_, read_again, open));
}

Result<std::unique_ptr<Session>> Runnable::open(const Way& way, int threads) const {
  MANTISSA_ASSIGN(Provider * engine, provider(way.provider));
  SessionOptions options{.threads = threads, .tap = {}};
  if (!manifest_) {
    MANTISSA_ASSIGN(auto session, engine->open(onnx_.span(), options));
    return in_two_parts(std::move(session), engine, options, [onnx = onnx_]() -> Result<base::Bytes> { return onnx; });
  }
  const format::Artifact* known = artifact(way);
  if (known == nullptr) return internal_error("the release has no file " + way.path);
  options.floats = known->floats;
  const auto read = [file = model_ / way.path, sha256 = known->sha256] { return read_unaltered(file, sha256); };
  MANTISSA_ASSIGN(const base::Bytes bytes, read());
  MANTISSA_ASSIGN(auto session, engine->open(bytes.span(), options).in((model_ / way.path).string()));
  return in_two_parts(std::move(session), engine, options, read);
}

Result<std::unique_ptr<Session>> Runnable::open_reference(int threads) const {
  std::optional<Error> problem;
  for (const ProviderDescriptor& own : providers()) {
    auto session = open({manifest_ ? "fp32/model.onnx" : "", "fp32", std::string(own.name), {}}, threads);
    if (session.ok()) return session;
    if (!problem) problem = std::move(session).error();
  }
  return *std::move(problem);
}

double Runnable::least_psnr(const Way& way) const {
  constexpr double kStillFloat32 = 60;
  if (way.variant == "fp32") return kStillFloat32;
  const format::Artifact* file = artifact(way);
  const bool has_truth = file != nullptr && file->verdict && file->verdict->figures.has_truth;
  return format::thresholds_for(way.variant, has_truth).worst_psnr_to_fp32;
}

double Runnable::int8_share(const Way& way) const {
  const format::Artifact* file = artifact(way);
  return file == nullptr ? 0 : file->int8_share;
}

base::NumberFormat Runnable::floats(const Way& way) const {
  const format::Artifact* file = artifact(way);
  return file == nullptr ? base::NumberFormat::float32 : file->floats;
}

std::vector<TileError> Runnable::tile_errors() const {
  return manifest_ ? manifest_->tile_errors : std::vector<TileError>();
}

Result<double> Runnable::macs_per_pixel() const {
  if (!manifest_) return macs_per_pixel_;
  const std::string path = "fp32/model.onnx";
  const format::Artifact* known = artifact({path, "", "", {}});
  MANTISSA_ASSIGN(const base::Bytes bytes, read_unaltered(model_ / path, known == nullptr ? "" : known->sha256));
  MANTISSA_ASSIGN(const ir::Graph graph, format::read_onnx(bytes));
  return macs_of(graph);
}

}  // namespace mantissa::run
