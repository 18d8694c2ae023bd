#include "release/measure.h"

#include <algorithm>
#include <vector>

#include "release/engines.h"
#include "release/integer_share.h"

namespace mantissa::release {

Result<void> measure_on(Draft& draft, const std::string& provider, const std::filesystem::path& folder,
                        const net::Network& network) {
  format::Artifact& artifact = draft.artifact;
  MANTISSA_ASSIGN(const auto session,
                  open_file(folder / artifact.path, provider, {.floats = artifact.floats, .tap = {}}));
  MANTISSA_ASSIGN(const double speed, measure_speed(*session, network.task));
  artifact.speeds.push_back({provider, speed});
  if (artifact.variant != "int8") return {};
  MANTISSA_ASSIGN(const run::Placement placement, session->placement());
  artifact.int8_share = integer_share(network.graph, placement);
  return {};
}

Result<void> measure(Draft& draft, const std::filesystem::path& folder, const net::Network& network) {
  auto& speeds = draft.artifact.speeds;
  if (!speeds.empty() || draft.emulated || !draft.artifact.path.ends_with(".onnx"))
    return {};  // a checkpoint has weights only
  std::vector<std::string> providers = {draft.judge};
  if (draft.judge.empty()) {  // fp32 is right on every engine
    providers.clear();
    for (const run::ProviderDescriptor& each : run::providers())
      if (run::provider(each.name).ok()) providers.emplace_back(each.name);
  }
  for (const std::string& provider : providers) MANTISSA_TRY(measure_on(draft, provider, folder, network));
  std::sort(speeds.begin(), speeds.end(), [](const format::Speed& a, const format::Speed& b) {
    return a.microseconds_per_pixel < b.microseconds_per_pixel;
  });
  return {};
}

}  // namespace mantissa::release
