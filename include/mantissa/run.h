// Restoring many pictures with a release, or with a network as it came.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/runner.h"

namespace mantissa {

// A picture that could not be restored, and why.
struct FailedPicture {
  std::filesystem::path input;
  Error error;
};

struct RunRequest : RunnerRequest {
  // Pictures, folders of pictures, or patterns of names ("scans/*.png", as glob(3) has them, where no file has that
  // name).
  std::vector<std::filesystem::path> inputs;
  // A picture for one input; a folder for several; or a name with placeholders: {name} and {ext} of the input, {folder}
  // that it lies in below the folder that was given, {scale} and {variant} of what runs. "{{" is a brace.
  std::filesystem::path output;
  bool recursive = false;      // folders with all folders below them; these are made again below the output
  int quality = 0;             // of lossy picture formats, 1..100; 0: the format's default
  bool overwrite = false;      // outputs that exist
  bool skip_existing = false;  // inputs whose output exists
  bool may_race = true;        // try what is fastest here, where the pictures take long enough to pay for it
  bool explain = false;        // fill in RunSummary::explanation
  std::stop_token stop;        // asks from any thread to stop at the next tile
  std::function<void(const FailedPicture&)> on_failure;  // when it happens, from some thread, one after the other
};

struct RunSummary {
  RunnerInfo runner;
  std::vector<std::string> explanation;  // Runner::explanation(); only where it was asked for
  std::vector<RestoredPicture> pictures;
  std::vector<FailedPicture> failures;
  std::size_t skipped = 0;  // whose output existed
};

// Restores every input. Before the first, all outputs are named and looked at; a picture that then fails does not stop
// the others, unless it is the only one.
// Errors: those of Runner::open; (bad_input) an input that is missing, a folder or pattern without pictures, an output
// that exists; (usage) several inputs and an output that is one file, two inputs that would become one output, an
// unknown placeholder; (interrupted) what was finished before stays.
[[nodiscard]] Result<RunSummary> restore_pictures(const RunRequest& request);

}  // namespace mantissa
