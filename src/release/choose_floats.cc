#include "release/choose_floats.h"

#include <utility>

#include "release/judge.h"
#include "release/measure.h"

namespace mantissa::release {

namespace fs = std::filesystem;

Result<void> choose_floats(Draft& draft, const fs::path& folder, const net::Network& network) {
  if (draft.artifact.floats == base::NumberFormat::float32) return {};
  Draft faster = draft, in_float32 = draft;
  in_float32.artifact.floats = base::NumberFormat::float32;
  for (Draft* each : {&faster, &in_float32})
    if (!measure_on(*each, draft.judge, folder, network).ok()) return {};  // a reason to fail the gate, which says it
  const auto time_of = [](const Draft& each) { return each.artifact.speeds.front().microseconds_per_pixel; };
  draft = time_of(in_float32) < time_of(faster) ? std::move(in_float32) : std::move(faster);
  return {};
}

Result<void> judge_in_float32(std::vector<Draft>& drafts, const fs::path& folder, const net::Task& task,
                              const PictureSet& pictures) {
  for (Draft& draft : drafts) {
    format::Artifact& artifact = draft.artifact;
    if (artifact.variant != "int8" || artifact.floats == base::NumberFormat::float32 || artifact.verdict->passed)
      continue;
    std::vector<Draft> again{draft};
    again[0].artifact.floats = base::NumberFormat::float32;
    again[0].artifact.speeds.clear();  // they were those of the other floats
    MANTISSA_TRY(judge(again, folder, task, pictures));
    const format::Verdict& after = *again[0].artifact.verdict;
    if (!after.passed) continue;
    again[0].artifact.rungs.push_back(
        {"float32", after.figures.psnr_to_fp32 - artifact.verdict->figures.psnr_to_fp32, 0});
    draft = std::move(again[0]);
  }
  return {};
}

}  // namespace mantissa::release
