#include "run/open_model.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "base/cpu.h"
#include "base/progress.h"
#include "run/choice.h"

namespace mantissa::run {
namespace {

// A race is held where the pictures take this long, and so many times as long as the race.
constexpr double kLongEnough = 20;
constexpr double kTimesTheRace = 10;
// What opening a way and its turns take, beyond the turns' own time: loading, compiling.
constexpr double kSecondsToPrepare = 0.3;
constexpr int kTurnsToExpect = 4;

std::string in_figures(double microseconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3g microseconds a pixel", microseconds);
  return text;
}

bool race_pays(const Runnable& runnable, const std::vector<Way>& ways, const RunnerRequest& request) {
  if (!request.input_pixels || ways.size() < 2) return false;
  const double speed = expected_speed(runnable, ways.front()) / 1e6;
  const double work = request.input_pixels() * speed;
  if (work < kLongEnough) return false;
  const double side = affordable_tile(runnable, ways.front(), RaceOptions().seconds_per_turn);
  const double a_way = kSecondsToPrepare + kTurnsToExpect * side * side * speed;
  return work > kTimesTheRace * a_way * static_cast<double>(ways.size());
}

// The fastest of a race that the request allows.
const Racer* winner_of(const std::vector<Racer>& racers, const RunnerRequest& request) {
  for (const Racer& racer : racers) {
    if (!racer.refused.empty() || racer.turns == 0) continue;
    if (!request.provider.empty() && racer.way.provider != request.provider) continue;
    if (!request.variant.empty() && racer.way.variant != request.variant) continue;
    return &racer;
  }
  return nullptr;
}

Result<OpenModel> open_winner(const Runnable& runnable, std::vector<Racer> racers, const Racer& winner,
                              const RunnerRequest& request, const char* when) {
  MANTISSA_ASSIGN(auto session, runnable.open(winner.way, request.threads));
  const bool asked = !request.provider.empty() || !request.variant.empty();
  const std::string reason = (asked ? "as asked for, " : "fastest here of those that passed: ") +
                             in_figures(winner.microseconds_per_pixel) + ", measured " + when;
  const bool tiles_were_raced = std::any_of(racers.begin(), racers.end(), [&](const Racer& each) {
    return each.way == winner.way && each.tile_size != winner.tile_size;
  });
  return OpenModel{runnable.task(),
                   std::move(session),
                   winner.way.variant,
                   winner.way.provider,
                   reason,
                   winner.way,
                   tiles_were_raced ? winner.tile_size : 0,
                   std::move(racers)};
}

// What an earlier race chose; none where there was none, or it cannot be had. Errors (bad_input): its file is damaged,
// which is no reason to go on quietly.
Result<std::optional<OpenModel>> open_earlier_choice(const Runnable& runnable, const std::string& key,
                                                     const RunnerRequest& request) {
  std::optional<Choice> choice = read_choice(key);
  const Racer* const found = choice ? winner_of(choice->racers, request) : nullptr;
  if (found == nullptr) return std::optional<OpenModel>();
  const Racer winner = *found;
  auto model = open_winner(runnable, std::move(choice->racers), winner, request, "on this machine earlier");
  if (!model.ok() && model.error().code == ErrorCode::bad_input) return std::move(model).error();
  if (!model.ok()) return std::optional<OpenModel>();
  return std::optional<OpenModel>(*std::move(model));
}

Result<OpenModel> open_by_hint(const Runnable& runnable, const RunnerRequest& request) {
  std::optional<Error> problem;
  for (const Way& way : runnable.ways(request, /*every=*/false)) {
    auto session = runnable.open(way, request.threads);
    if (!session.ok()) {
      if (session.error().code == ErrorCode::bad_input)
        return std::move(session).error();  // damaged: no reason to go on quietly
      if (!problem) problem = std::move(session).error();
      continue;
    }
    std::string reason = runnable.machine().empty() ? "the network as it came" : "asked for by name";
    if (way.hint)
      reason = "fastest that passed the gate: " + in_figures(*way.hint) + ", measured on " +
               (runnable.machine() == base::cpu().model ? "this kind of machine" : runnable.machine());
    OpenModel model{runnable.task(), *std::move(session), way.variant, way.provider, reason, way};
    if (!is_own(way.provider)) {  // nobody has looked at where its nodes run
      tell_level(*model.session, runnable.task(), request.sigma);
      MANTISSA_ASSIGN(const Placement placement, model.session->placement());
      MANTISSA_TRY(check_devices(way, placement));
    }
    return model;
  }
  if (problem) return *std::move(problem);
  return runnable.nothing_to_run(request);
}

Result<OpenModel> open_any(const Runnable& runnable, const RunnerRequest& request) {
  const std::string key = choice_key(runnable, request.threads);
  MANTISSA_ASSIGN(std::optional<OpenModel> earlier, open_earlier_choice(runnable, key, request));
  if (earlier) return *std::move(earlier);
  if (!race_pays(runnable, runnable.ways(request, /*every=*/false), request)) return open_by_hint(runnable, request);
  base::note("trying which variant and provider is fastest here");
  MANTISSA_ASSIGN(std::vector<Racer> racers, race(runnable, runnable.ways(request, /*every=*/true),
                                                  {.threads = request.threads, .sigma = request.sigma}));
  const Racer* found = winner_of(racers, request);
  if (found == nullptr) return open_by_hint(runnable, request);
  const Racer winner = *found;
  if (request.provider.empty() && request.variant.empty())  // else it was no race of all
    if (const auto kept = write_choice(key, {racers}); !kept.ok())
      base::warn("what was found cannot be kept: " + kept.error().message());
  return open_winner(runnable, std::move(racers), winner, request, "on this machine now");
}

// To be kept: whoever counts the pixels may be gone by then.
RunnerRequest without_pixels(RunnerRequest request) {
  request.input_pixels = nullptr;
  return request;
}

// The next variant in safety that can be opened here.
Result<std::optional<SaferVariant>> open_safer(const Runnable& runnable, RunnerRequest request,
                                               const std::string& than) {
  request.variant.clear();
  std::vector<Way> ways = runnable.ways(request, /*every=*/false);
  std::erase_if(ways, [&](const Way& way) { return narrowness(way.variant) >= narrowness(than); });
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Way& a, const Way& b) { return narrowness(a.variant) > narrowness(b.variant); });
  for (const Way& way : ways) {
    auto session = runnable.open(way, request.threads);
    if (!session.ok() && session.error().code == ErrorCode::bad_input) return std::move(session).error();
    if (!session.ok()) continue;
    if (runnable.task().condition) tell_level(**session, runnable.task(), request.sigma);
    return std::optional(SaferVariant{way.variant, *std::move(session)});
  }
  return std::optional<SaferVariant>();
}

void warn_about_level(const OpenModel& model, double level) {
  const auto& judged = model.task.condition->levels;
  if (judged && (level < judged->low || level > judged->high) && model.variant != "fp32")
    base::warn("the release was judged at noise of " + net::text_of(*judged) + ": what " + model.variant +
               " does at other levels is not known");
}

std::string nodes_of(const Placement& placement) {
  std::map<std::string, int> formats;
  for (const Placement::Entry& entry : placement.entries) ++formats[entry.format];
  std::string text = std::to_string(placement.entries.size()) + " nodes as the engine runs them:";
  for (const auto& [format, count] : formats)
    text += (text.ends_with(':') ? " " : ", ") + std::to_string(count) + " in " + format;
  for (const Placement::Share& share : placement.devices)
    text += "; " + std::to_string(share.nodes) + " of the network's on " + share.device;
  return text;
}

}  // namespace

Result<OpenModel> open_model(const RunnerRequest& request) {
  MANTISSA_ASSIGN(auto read, Runnable::read(request));
  const auto runnable = std::make_shared<const Runnable>(std::move(read));
  MANTISSA_TRY(net::check_level(runnable->task(), request.sigma));
  MANTISSA_ASSIGN(OpenModel model, open_any(*runnable, request));
  model.tile_errors = runnable->tile_errors();
  if (runnable->is_release())
    model.safer = SaferVariants(model.variant, [runnable, request = without_pixels(request)](const std::string& than) {
      return open_safer(*runnable, request, than);
    });
  if (model.task.condition) {
    tell_level(*model.session, model.task, request.sigma);
    warn_about_level(model, *request.sigma);
  }
  return model;
}

std::vector<std::string> explain(OpenModel& model) {
  std::vector<std::string> lines = {name_of(model.way) + ": " + model.reason};
  if (const auto engine = provider(model.provider); engine.ok()) lines.push_back((*engine)->version());
  if (const auto placement = model.session->placement(); placement.ok()) lines.push_back(nodes_of(*placement));
  for (const Racer& racer : model.racers) {
    if (racer.way == model.way && (model.tile_size == 0 || racer.tile_size == model.tile_size)) continue;
    std::string line = "not taken: " + name_of(racer.way) + ", tiles of " + std::to_string(racer.tile_size) + ": ";
    line += racer.refused.empty() ? in_figures(racer.microseconds_per_pixel) : racer.refused;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace mantissa::run
