#include "release/repair_again.h"

#include <algorithm>
#include <utility>

#include "base/progress.h"
#include "release/choose_floats.h"
#include "release/judge.h"

namespace mantissa::release {
namespace {

// Of the squared errors that repair aims at first: 1.5, 3 and 6 dB less.
constexpr double kNarrowerAims[] = {0.7, 0.5, 0.25};

// Where there was no time to measure a single layer, there would be none again.
bool can_be_repaired(const Draft& draft) {
  const auto& verdict = draft.artifact.verdict;
  const bool unmeasurable = draft.layers.out_of_time && draft.layers.layers.empty();
  return draft.eight_bits != nullptr && verdict && !verdict->passed && verdict->figures.pictures > 0 && !unmeasurable;
}

// Made anew and judged. nullopt: with the same layers in float as before, and the same floats.
Result<std::optional<Draft>> made_again(const Draft& before, double aim, const Sources& sources,
                                        const PictureSet& pictures) {
  const quant::MeasuredLayers& measured = before.layers;
  std::vector<Draft> drafts;
  MANTISSA_ASSIGN(drafts.emplace_back(),
                  make_eight_bits(sources, *before.eight_bits, {aim, measured.layers.empty() ? nullptr : &measured}));
  MANTISSA_TRY(choose_floats(drafts.front(), sources.folder, sources.network));
  const format::Artifact &was = before.artifact, &is = drafts.front().artifact;
  if (is.decisions == was.decisions && is.floats == was.floats) return std::optional<Draft>();
  MANTISSA_TRY(judge(drafts, sources.folder, sources.network.task, pictures));
  MANTISSA_TRY(judge_in_float32(drafts, sources.folder, sources.network.task, pictures));
  return std::optional(std::move(drafts.front()));
}

double expected_time(const Draft& draft) {
  return draft.artifact.repairs.empty() ? 0 : draft.artifact.repairs.back().time;
}

}  // namespace

Result<void> repair_again(std::vector<Draft>& drafts, const Sources& sources, const PictureSet& pictures) {
  if (!sources.techniques.protection || sources.repair_budget.count() <= 0) return {};
  for (Draft& draft : drafts) {
    if (!can_be_repaired(draft)) continue;
    const double psnr = draft.artifact.verdict->figures.psnr_to_fp32, time = expected_time(draft);
    for (const double aim : kNarrowerAims) {
      base::detail("repairing " + draft.artifact.path + " again: " + draft.artifact.verdict->failures.front());
      MANTISSA_ASSIGN(std::optional<Draft> again, made_again(draft, aim, sources, pictures));
      if (!again) continue;
      format::Artifact& artifact = again->artifact;
      artifact.rungs.push_back(
          {"narrower aim", artifact.verdict->figures.psnr_to_fp32 - psnr, expected_time(*again) - time});
      draft = *std::move(again);
      if (draft.artifact.verdict->passed) break;
    }
  }
  return {};
}

}  // namespace mantissa::release
