// What was found to run a network best on this machine, kept between runs.
//
// A file a choice in $XDG_CACHE_HOME/mantissa/choices (~/.cache/mantissa/choices), named after a hash of everything
// that it depends on: the release, the processor with its features, the threads, the engines with their versions, the
// provider libraries. A file that is missing, damaged or for something else means: race again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "run/race.h"

namespace mantissa::run {

struct Choice {
  std::vector<Racer> racers;  // as race() gives them: the first one was chosen
};

// What a choice depends on, as text.
[[nodiscard]] std::string choice_key(const Runnable& runnable, int threads);
[[nodiscard]] std::optional<Choice> read_choice(const std::string& key);
// Errors (bad_input): the folder cannot be written to.
[[nodiscard]] Result<void> write_choice(const std::string& key, const Choice& choice);

}  // namespace mantissa::run
