// From a release, or a network file, to an open session: which variant runs, on which provider, and why.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/runner.h"
#include "net/network.h"
#include "run/provider.h"
#include "run/race.h"
#include "run/safer_variants.h"
#include "run/ways.h"

namespace mantissa::run {

struct OpenModel {
  net::Task task;
  std::unique_ptr<Session> session;
  std::string variant;
  std::string provider;
  std::string reason;
  Way way;
  int tile_size = 0;                        // that the race chose; 0: none did
  std::vector<Racer> racers = {};           // of the race that decided; empty: none did
  std::vector<TileError> tile_errors = {};  // of the release
  SaferVariants safer = {};                 // for tiles that the variant fails on; none for a network file
};

// Of a release: what a race on this machine chose, now or earlier (choice.h); where there was none, the fastest by the
// release's own measurements that passed the gate and is right for this processor. A race is held where the pixels of the
// request take so long that it pays. A file whose hash differs from the manifest is refused. Of a network file: what it holds,
// on `provider`, on what a race chose, or on the first one that is here.
// Errors: (bad_input) a damaged or altered release; (usage) a provider or variant that there is not; (unsupported)
// nothing can run here.
[[nodiscard]] Result<OpenModel> open_model(const RunnerRequest& request);

// What `mantissa run --explain` says, a line each: who runs and why, where its nodes run in which format, and what the
// others would take.
[[nodiscard]] std::vector<std::string> explain(OpenModel& model);

}  // namespace mantissa::run
