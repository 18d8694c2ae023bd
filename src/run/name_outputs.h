// What the pictures that are restored will be called.
#pragma once

#include <filesystem>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/runner.h"
#include "run/find_inputs.h"

namespace mantissa::run {

struct Job {
  std::filesystem::path input;
  std::filesystem::path output;
};

struct Jobs {
  std::vector<Job> jobs;
  bool makes_folders = false;  // for outputs whose folder is not there
};

// `output` as RunRequest has it: a file, a folder, or a name with placeholders. Pictures of a folder or pattern that
// are the output of another one, which an earlier run has left there, are no jobs.
// Errors (usage): several pictures and one file, an output twice, a placeholder that there is not or does not end.
[[nodiscard]] Result<Jobs> name_outputs(const std::vector<FoundPicture>& pictures, const std::filesystem::path& output,
                                        const RunnerInfo& info);

}  // namespace mantissa::run
