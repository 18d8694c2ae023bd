#include "format/manifest.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "base/files.h"

namespace mantissa::net {

using Json = nlohmann::ordered_json;

static void to_json(Json& json, const Condition& condition) {
  json = {{"input", condition.input},
          {"form", condition.is_map ? "map" : "number"},
          {"step", condition.step},
          {"divisor", condition.divisor},
          {"levels", nullptr}};
  if (condition.levels) json["levels"] = {condition.levels->low, condition.levels->high};
}

static void from_json(const Json& json, Condition& condition) {
  json.at("input").get_to(condition.input);
  condition.is_map = json.at("form").get<std::string>() == "map";
  json.at("step").get_to(condition.step);
  json.at("divisor").get_to(condition.divisor);
  if (const Json& levels = json.at("levels"); !levels.is_null())
    condition.levels = Levels{levels.at(0).get<float>(), levels.at(1).get<float>()};
  if (condition.step < 1 || condition.step > 64 || !(condition.divisor > 0))
    throw Json::other_error::create(501, "the numbers of the condition are out of range", &json);
}

static void to_json(Json& json, const Task& task) {
  json = {{"kind", task.kind},
          {"colour", std::string(name_of(task.colour))},
          {"scale", task.scale},
          {"range", {task.range_low, task.range_high}},
          {"size_multiple", task.size_multiple},
          {"receptive_field_radius", task.radius ? Json(*task.radius) : Json(nullptr)},
          {"tile_stride", task.stride},
          {"bytes_per_pixel", std::round(task.bytes_per_pixel)},
          {"assumed", task.assumed}};
  if (task.range_out) json["range_out"] = {task.range_out->low, task.range_out->high};
  if (task.condition) json["condition"] = *task.condition;
}

static void from_json(const Json& json, Task& task) {
  json.at("kind").get_to(task.kind);
  const auto colour = colour_named(json.at("colour").get<std::string>());
  if (!colour) throw Json::other_error::create(501, "the colour is unknown", &json);
  task.colour = *colour;
  json.at("scale").get_to(task.scale);
  json.at("range").at(0).get_to(task.range_low);
  json.at("range").at(1).get_to(task.range_high);
  if (const auto out = json.find("range_out"); out != json.end())
    task.range_out = Range{out->at(0).get<float>(), out->at(1).get<float>()};
  json.at("size_multiple").get_to(task.size_multiple);
  if (!json.at("receptive_field_radius").is_null()) task.radius = json.at("receptive_field_radius").get<int>();
  json.at("tile_stride").get_to(task.stride);
  task.bytes_per_pixel = json.value("bytes_per_pixel", 0.0);  // older releases do not tell
  json.at("assumed").get_to(task.assumed);
  if (const auto condition = json.find("condition"); condition != json.end())
    task.condition = condition->get<Condition>();
  if (task.scale < 1 || task.scale > 64 || task.size_multiple < 1 || task.stride < 1 || task.radius.value_or(0) < 0 ||
      !(task.bytes_per_pixel >= 0) || !(task.range_low < task.range_high) ||
      !(output_range(task).low < output_range(task).high))
    throw Json::other_error::create(501, "the task's numbers are out of range", &json);
}

}  // namespace mantissa::net

namespace mantissa {

std::string text_of(const TileError& error) {
  char text[160];
  std::snprintf(text, sizeof text,
                "in tiles of %d the release's pictures came within %.1f dB of the whole (worst of %d: %.1f dB)",
                error.tile, error.psnr, error.pictures, error.worst_psnr);
  return text;
}

}  // namespace mantissa

namespace mantissa::format {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRelease = "release.json";

double figure(double number) { return base::rounded(number, base::kDigitsOfFigure); }

// The figures of a verdict that are numbers, by name, in the manifest's order.
struct NamedFigure {
  const char* name;
  double Figures::*figure;
  bool needs_truth = false;
};
constexpr NamedFigure kFigures[] = {{"megapixels", &Figures::megapixels},
                                    {"psnr_fp32", &Figures::psnr_fp32, true},
                                    {"psnr_variant", &Figures::psnr_variant, true},
                                    {"loss_percent", &Figures::loss_percent, true},
                                    {"worst_loss_percent", &Figures::worst_loss_percent, true},
                                    {"psnr_to_fp32", &Figures::psnr_to_fp32},
                                    {"worst_psnr_to_fp32", &Figures::worst_psnr_to_fp32},
                                    {"worst_tile_psnr", &Figures::worst_tile_psnr},
                                    {"mean_shift", &Figures::mean_shift},
                                    {"worst_tile_mean_shift", &Figures::worst_tile_mean_shift},
                                    {"flat_black", &Figures::flat_black},
                                    {"flat_white", &Figures::flat_white},
                                    {"ssim_to_fp32", &Figures::ssim_to_fp32}};

Json verdict_json(const std::optional<Verdict>& verdict) {
  if (!verdict) return nullptr;
  Json figures = {{"pictures", verdict->figures.pictures}};
  for (const NamedFigure& named : kFigures)
    if (verdict->figures.has_truth || !named.needs_truth) figures[named.name] = figure(verdict->figures.*named.figure);
  figures["finite"] = verdict->figures.finite;
  return {{"kind", verdict->kind},         {"provider", verdict->provider},
          {"passed", verdict->passed},     {"weak_evidence", verdict->weak_evidence},
          {"failures", verdict->failures}, {"figures", figures}};
}

std::optional<Verdict> verdict_from(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Verdict v;
  json.at("kind").get_to(v.kind);
  json.at("provider").get_to(v.provider);
  json.at("passed").get_to(v.passed);
  json.at("weak_evidence").get_to(v.weak_evidence);
  json.at("failures").get_to(v.failures);
  const Json& figures = json.at("figures");
  figures.at("pictures").get_to(v.figures.pictures);
  v.figures.has_truth = figures.contains("psnr_fp32");
  for (const NamedFigure& named : kFigures)
    if (v.figures.has_truth || !named.needs_truth) figures.at(named.name).get_to(v.figures.*named.figure);
  figures.at("finite").get_to(v.figures.finite);
  return v;
}

Json artifact_json(const Artifact& a) {
  Json json = {{"variant", a.variant}, {"path", a.path},       {"sha256", a.sha256},
               {"bytes", a.bytes},     {"targets", a.targets}, {"verdict", verdict_json(a.verdict)}};
  if (a.floats != base::NumberFormat::float32) json["floats"] = base::name_of(a.floats);
  json["speeds"] = Json::array();
  for (const Speed& s : a.speeds)
    json["speeds"].push_back(
        {{"provider", s.provider},
         {"microseconds_per_pixel", base::rounded(s.microseconds_per_pixel, base::kDigitsOfTime)}});
  if (a.variant == "int8") json["int8_share"] = figure(a.int8_share);
  json["repairs"] = Json::array();
  for (const RepairStep& r : a.repairs)
    json["repairs"].push_back({{"rung", r.rung},
                               {"node", r.node},
                               {"gain", figure(r.gain)},
                               {"share_in_float", figure(r.share_in_float)},
                               {"time", figure(r.time)}});
  json["rungs"] = Json::array();
  for (const Rung& r : a.rungs)
    json["rungs"].push_back({{"name", r.name}, {"gain", figure(r.gain)}, {"time", figure(r.time)}});
  json["plan"] = Json::array();
  for (const Decision& d : a.decisions)
    json["plan"].push_back({{"node", d.node}, {"format", d.format}, {"reason", d.reason}});
  return json;
}

// A path of the manifest must stay inside the release: it is read from whoever made the folder.
std::string inner_path(const Json& json) {
  auto path = json.at("path").get<std::string>();
  const std::filesystem::path p(path);
  bool leads_out = p.is_absolute() || path.empty();
  for (const auto& step : p) leads_out |= step == "..";
  if (leads_out) throw Json::other_error::create(501, "the path '" + path + "' leads out of the release", &json);
  return path;
}

Artifact artifact_from(const Json& json) {
  Artifact a;
  json.at("variant").get_to(a.variant);
  a.path = inner_path(json);
  json.at("sha256").get_to(a.sha256);
  a.bytes = json.value("bytes", std::uint64_t{0});
  json.at("targets").get_to(a.targets);
  for (const Json& s : json.at("speeds"))
    a.speeds.push_back({s.at("provider").get<std::string>(), s.at("microseconds_per_pixel").get<double>()});
  a.verdict = verdict_from(json.at("verdict"));
  a.int8_share = json.value("int8_share", 0.0);
  if (const auto name = json.value("floats", "float32"); const auto floats = base::number_format_named(name))
    a.floats = *floats;
  else
    throw Json::other_error::create(501, "the number format '" + name + "' is unknown", &json);
  for (const Json& r : json.at("repairs"))
    a.repairs.push_back({r.value("rung", "protection"), r.at("node").get<std::string>(), r.at("gain").get<double>(),
                         r.at("share_in_float").get<double>(), r.value("time", 0.0)});
  for (const Json& r : json.value("rungs", Json::array()))
    a.rungs.push_back({r.at("name").get<std::string>(), r.at("gain").get<double>(), r.at("time").get<double>()});
  for (const Json& d : json.at("plan"))
    a.decisions.push_back(
        {d.at("node").get<std::string>(), d.at("format").get<std::string>(), d.at("reason").get<std::string>()});
  return a;
}

TileError tile_error_from(const Json& json) {
  const TileError error{json.at("tile").get<int>(), json.at("pictures").get<int>(), json.at("psnr").get<double>(),
                        json.at("worst_psnr").get<double>()};
  if (error.tile < 1) throw Json::other_error::create(501, "a tile has no pixels", &json);
  return error;
}

Manifest manifest_from(const Json& json) {
  Manifest m;
  m.schema = json.at("schema").get<int>();
  json.at("tool").get_to(m.tool);
  const Json& network = json.at("network");
  network.at("file").get_to(m.network_file);
  network.at("sha256").get_to(m.network_sha256);
  network.at("architecture").get_to(m.architecture);
  for (const auto& [name, value] : network.at("hyperparameters").items())
    m.hyperparameters.emplace_back(name, value.get<std::string>());
  network.at("task").get_to(m.task);
  const Json& made = json.at("made");
  made.at("machine").get_to(m.machine);
  made.at("targets").get_to(m.targets);
  made.at("engines").get_to(m.engines);
  made.at("calibration").get_to(m.calibration);
  made.at("evaluation").get_to(m.evaluation);
  made.at("degradation").get_to(m.degradation);
  made.at("seed").get_to(m.seed);
  m.without = made.value("without", std::vector<std::string>{});
  for (const Json& a : json.at("artifacts")) m.artifacts.push_back(artifact_from(a));
  for (const Json& l : json.at("left_out"))
    m.left_out.push_back({l.at("variant").get<std::string>(), inner_path(l), l.at("reason").get<std::string>(),
                          verdict_from(l.at("verdict")), l.value("needed", true)});
  for (const Json& e : json.value("tile_errors", Json::array())) m.tile_errors.push_back(tile_error_from(e));
  return m;
}

}  // namespace

std::string to_json(const Manifest& m) {
  Json hyperparameters = Json::object();
  for (const auto& [name, value] : m.hyperparameters) hyperparameters[name] = value;
  Json json = {{"schema", m.schema},
               {"tool", m.tool},
               {"network",
                {{"file", m.network_file},
                 {"sha256", m.network_sha256},
                 {"architecture", m.architecture},
                 {"hyperparameters", hyperparameters},
                 {"task", m.task}}},
               {"made",
                {{"machine", m.machine},
                 {"targets", m.targets},
                 {"engines", m.engines},
                 {"calibration", m.calibration},
                 {"evaluation", m.evaluation},
                 {"degradation", m.degradation},
                 {"seed", m.seed}}}};
  if (!m.without.empty()) json["made"]["without"] = m.without;
  json["artifacts"] = Json::array();
  for (const Artifact& a : m.artifacts) json["artifacts"].push_back(artifact_json(a));
  json["left_out"] = Json::array();
  for (const LeftOut& l : m.left_out)
    json["left_out"].push_back({{"variant", l.variant},
                                {"path", l.path},
                                {"reason", l.reason},
                                {"verdict", verdict_json(l.verdict)},
                                {"needed", l.needed}});
  for (const TileError& e : m.tile_errors)
    json["tile_errors"].push_back(
        {{"tile", e.tile}, {"pictures", e.pictures}, {"psnr", figure(e.psnr)}, {"worst_psnr", figure(e.worst_psnr)}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> manifest_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (const int schema = json.at("schema").get<int>(); schema > kManifestSchema)
      return unsupported("the release was written by a newer mantissa (manifest schema " + std::to_string(schema) + ")",
                         "Update mantissa");
    return manifest_from(json);
  } catch (const Json::exception& problem) {
    std::string_view reason = problem.what();  // "[json.exception.out_of_range.403] key 'schema' not found"
    if (const std::size_t end = reason.find("] "); reason.starts_with('[') && end != std::string_view::npos)
      reason.remove_prefix(end + 2);
    return bad_input("the manifest cannot be used: " + std::string(reason), "Make the release again");
  }
}

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / kRelease;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return bad_input(folder.string() + " is not a release: it has no " + kRelease, "Make one with mantissa release");
  MANTISSA_ASSIGN(const std::string text, base::read_text(path));
  return manifest_from_json(text).in(path.string());
}

}  // namespace mantissa::format
