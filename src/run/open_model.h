// From a release, or a network file, to an open session: which variant runs, on which provider, and why.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "mantissa/result.h"
#include "mantissa/runner.h"
#include "net/network.h"
#include "run/provider.h"
#include "run/safer_variants.h"

namespace mantissa::run {

struct OpenModel {
  net::Task task;
  std::unique_ptr<Session> session;
  std::string variant;
  std::string provider;
  std::string reason;
  SaferVariants safer;  // for tiles that the variant fails on; none for a network file
};

// Of a release: the fastest variant that passed the gate and is right for this processor; a file whose hash differs
// from the manifest is refused. Of a network file: what it holds, on `provider`, or on the first one that is here.
// Errors: (bad_input) a damaged or altered release; (usage) a provider or variant that there is not; (unsupported)
// nothing can run here.
[[nodiscard]] Result<OpenModel> open_model(const RunnerRequest& request);

}  // namespace mantissa::run
