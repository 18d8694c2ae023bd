#include "target/target.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/numbers.h"
#include "target/catalogue.h"

namespace mantissa::target {
namespace {

using Json = nlohmann::json;

Result<base::NumberFormat> format_field(const Json& json, const char* field) {
  const auto name = json.at(field).get<std::string>();
  const auto format = base::number_format_named(name);
  if (!format) return bad_input("the field " + std::string(field) + " holds the unknown number format '" + name + "'");
  return *format;
}

Result<VariantFormat> variant_format(const Json& json) {
  VariantFormat format;
  MANTISSA_ASSIGN(format.activations, format_field(json, "activations"));
  MANTISSA_ASSIGN(format.weights, format_field(json, "weights"));
  format.weight_levels = json.at("weight_levels").get<int>();
  format.pair_limit = json.value("pair_limit", 0);
  format.block = json.value("block", std::size_t{0});
  return format;
}

Result<Target> from_json(const Json& json) {
  Target target;
  target.name = json.at("name").get<std::string>();
  target.title = json.at("title").get<std::string>();
  target.runtime = json.at("runtime").get<std::string>();
  target.needs = json.at("needs").get<std::vector<std::string>>();
  const Json& formats = json.at("formats");
  for (const auto& [name, format] : formats.items()) {
    if (format.contains("activations")) {  // not floats of 16 or 32 bits
      MANTISSA_ASSIGN(target.formats[name], variant_format(format));
    }
    for (const Json& pitfall : format.at("pitfalls")) target.pitfalls.push_back(pitfall.get<std::string>());
  }
  for (const Json& artifact : json.at("artifacts")) {
    target.artifacts.push_back({artifact.at("variant").get<std::string>(), artifact.at("path").get<std::string>(),
                                artifact.value("qdq", ""), artifact.value("provider", ""),
                                artifact.value("channel_scales", true),
                                artifact.value("no_zero_points_with", std::vector<std::string>{})});
    target.artifacts.back().needs = artifact.value("needs", std::vector<std::string>{});
    double& float_cost = target.artifacts.back().float_cost;
    float_cost = artifact.value("float_cost", float_cost);
    if (!(float_cost >= 1 && float_cost <= 100))
      return bad_input("the field float_cost of the target " + target.name + " is not between 1 and 100");
    if (!artifact.contains("floats")) continue;
    MANTISSA_ASSIGN(target.artifacts.back().floats, format_field(artifact, "floats"));
  }
  for (const ArtifactSpec& artifact : target.artifacts)
    if (!artifact.qdq.empty() && !target.formats.contains(artifact.variant))
      return bad_input("the target " + target.name + " has an artifact of the variant " + artifact.variant +
                       ", but formats do not describe it");
  return target;
}

}  // namespace

Result<Target> parse_target(std::string_view json) {
  try {
    return from_json(Json::parse(json));
  } catch (const Json::exception& problem) {
    return bad_input("a target of the catalogue cannot be read: " + std::string(problem.what()));
  }
}

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> parsed;
    // A test parses each one.
    for (const std::string_view text : kCatalogue) parsed.push_back(parse_target(text).value());
    std::stable_partition(parsed.begin(), parsed.end(), [](const Target& target) {
      return std::all_of(target.formats.begin(), target.formats.end(),
                         [](const auto& format) { return format.second.pair_limit == 0; });
    });
    return parsed;
  }();
  return all;
}

Result<const Target*> target_named(std::string_view name) {
  std::string names;
  for (const Target& target : targets()) {
    if (target.name == name) return &target;
    names += (names.empty() ? "" : ", ") + target.name;
  }
  return usage_error("there is no target '" + std::string(name) + "'", "Choose from " + names);
}

std::vector<FileToMake> files_for(const std::vector<const Target*>& targets) {
  std::vector<FileToMake> files;
  for (const Target* target : targets)
    for (const ArtifactSpec& spec : target->artifacts) {
      const auto described = target->formats.find(spec.variant);
      const VariantFormat format = described == target->formats.end() ? VariantFormat() : described->second;
      const auto made =
          std::find_if(files.begin(), files.end(), [&](const FileToMake& file) { return file.spec.path == spec.path; });
      if (made == files.end()) {
        files.push_back({spec, format, {target->name}});
      } else {
        if (format.pair_limit > 0 && (made->format.pair_limit == 0 || format.pair_limit < made->format.pair_limit))
          made->format.pair_limit = format.pair_limit;
        if (spec.no_zero_points_with.empty()) made->spec.no_zero_points_with.clear();
        made->spec.float_cost = std::max(made->spec.float_cost, spec.float_cost);
        if (made->spec.floats != spec.floats) made->spec.floats = base::NumberFormat::float32;
        if (made->targets.back() != target->name) made->targets.push_back(target->name);
      }
    }
  return files;
}

Result<void> choose_fp8(std::vector<FileToMake>& files, std::string_view name) {
  using base::NumberFormat;
  if (name != "e4m3" && name != "e5m2")
    return usage_error("there is no fp8 format '" + std::string(name) + "'", "Choose e4m3 or e5m2");
  const NumberFormat format = name == "e4m3" ? NumberFormat::float8_e4m3fn : NumberFormat::float8_e5m2;
  bool any = false;
  for (FileToMake& file : files) {
    if (file.spec.variant != "fp8") continue;
    any = true;
    file.format = {format, format, static_cast<int>(base::largest_of(format))};
  }
  if (!any)
    return usage_error("--fp8 " + std::string(name) + " was given, but none of the targets takes fp8",
                       "Name one that does, such as --targets nvidia-ada, or leave out --fp8");
  return {};
}

bool meets(const base::CpuFeatures& cpu, const std::vector<std::string>& needs) {
  return std::all_of(needs.begin(), needs.end(), [&](const std::string& need) {
    return (need == "vnni" && cpu.vnni) || (need == "amx-int8" && cpu.amx_int8) ||
           (need == "amx-bf16" && cpu.amx_bf16) || (need == "avx2" && cpu.avx2) || (need == "dotprod" && cpu.neon_dot);
  });
}

Result<const Target*> target_of(const base::CpuFeatures& cpu) {
  for (const Target& target : targets())
    if (!target.needs.empty() && meets(cpu, target.needs)) return &target;
  return unsupported("no target of the catalogue fits this processor (" + cpu.model + ")", "Name one with --targets");
}

}  // namespace mantissa::target
