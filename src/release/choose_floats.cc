#include "release/choose_floats.h"

#include <map>

#include "release/engines.h"
#include "release/judge.h"

namespace mantissa::release {

namespace fs = std::filesystem;

Result<void> choose_floats(Draft& draft, const fs::path& folder, const net::Network& network) {
  base::NumberFormat& floats = draft.artifact.floats;
  if (floats == base::NumberFormat::float32) return {};
  std::map<base::NumberFormat, double> speed;
  for (const base::NumberFormat each : {floats, base::NumberFormat::float32}) {
    const auto session = open_file(folder / draft.artifact.path, draft.judge, {.floats = each, .tap = {}});
    if (!session.ok()) return {};  // a reason to fail the gate, which says it
    MANTISSA_ASSIGN(speed[each], measure_speed(**session, network.task));
  }
  if (speed[base::NumberFormat::float32] < speed[floats]) floats = base::NumberFormat::float32;
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
