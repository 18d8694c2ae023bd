#include "run/choice.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "base/files.h"
#include "base/threads.h"
#include "mantissa/version.h"
#include "run/provider_libraries.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : text;
}

fs::path file_for(const std::string& key) {
  fs::path cache = variable("XDG_CACHE_HOME");
  if (cache.empty()) cache = fs::path(variable("HOME")) / ".cache";
  return cache / "mantissa/choices" / (base::sha256(std::as_bytes(std::span(key))) + ".json");
}

Json to_json(const Racer& racer) {
  return {{"path", racer.way.path},
          {"variant", racer.way.variant},
          {"provider", racer.way.provider},
          {"tile_size", racer.tile_size},
          {"turns", racer.turns},
          {"microseconds_per_pixel", racer.microseconds_per_pixel},
          {"psnr", racer.psnr},
          {"refused", racer.refused}};
}

// Throws what the JSON library throws.
Racer racer_from(const Json& json) {
  return {{json.at("path"), json.at("variant"), json.at("provider"), {}},
          json.at("tile_size"),
          json.at("turns"),
          json.at("microseconds_per_pixel"),
          json.at("psnr"),
          json.at("refused")};
}

}  // namespace

std::string choice_key(const Runnable& runnable, int threads) {
  const base::CpuFeatures& cpu = base::cpu();
  std::string features;
  for (const auto& [name, has] : {std::pair{"avx2", cpu.avx2},
                                  {"avx512", cpu.avx512},
                                  {"vnni", cpu.vnni},
                                  {"amx-int8", cpu.amx_int8},
                                  {"amx-bf16", cpu.amx_bf16},
                                  {"dotprod", cpu.neon_dot}})
    if (has) features += std::string(" ") + name;
  std::string key = "mantissa " + std::string(version()) + "\nrelease " + runnable.identity() + "\nprocessor " +
                    cpu.model + features + "\nthreads " + std::to_string(threads > 0 ? threads : base::thread_count()) +
                    "\n";
  for (const ProviderDescriptor& own : providers()) {
    const auto here = provider(own.name);
    key += std::string(own.name) + " " + (here.ok() ? (*here)->version() : "absent") + "\n";
  }
  for (const fs::path& library : wanted_libraries()) {
    std::error_code ignored;
    key += "library " + fs::canonical(library, ignored).string() + " " +
           std::to_string(fs::file_size(library, ignored)) + " " +
           std::to_string(fs::last_write_time(library, ignored).time_since_epoch().count()) + "\n";
  }
  return key;
}

std::optional<Choice> read_choice(const std::string& key) {
  const auto text = base::read_text(file_for(key));
  if (!text.ok()) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    if (json.at("schema") != kSchema || json.at("key") != key) return std::nullopt;
    Choice choice;
    for (const Json& racer : json.at("racers")) choice.racers.push_back(racer_from(racer));
    if (choice.racers.empty() || !choice.racers.front().refused.empty()) return std::nullopt;
    return choice;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Result<void> write_choice(const std::string& key, const Choice& choice) {
  const fs::path file = file_for(key);
  std::error_code problem;
  fs::create_directories(file.parent_path(), problem);  // a failure shows when the file is written
  Json racers = Json::array();
  for (const Racer& racer : choice.racers) racers.push_back(to_json(racer));
  const Json json = {{"schema", kSchema}, {"key", key}, {"racers", racers}};
  return base::write_text(file, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace mantissa::run
