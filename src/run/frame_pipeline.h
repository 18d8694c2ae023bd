// Reads, computes and writes frames at the same time, each on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "image/picture.h"
#include "mantissa/result.h"

namespace mantissa::run {

// On its way: what a network sees, and beside it what it does not (subsampled chroma; may be empty).
struct WorkFrame {
  image::Picture picture;
  image::Picture beside;
};

struct FramePipeline {
  // None at the end. Asks `stop` while it waits.
  std::function<Result<std::optional<WorkFrame>>(const std::function<bool()>& stop)> read;
  std::function<Result<WorkFrame>(const WorkFrame&)> compute;
  std::function<Result<void>(const WorkFrame&, const std::function<bool()>& stop)> write;
};

// How many frames were written; `written` is called on this thread after each, with their number so far, and false
// stops. Frames before a failure are written, unless writing fails.
// Errors: those of the three; what a person asked to stop is (interrupted).
[[nodiscard]] Result<std::int64_t> run_pipeline(const FramePipeline& pipeline, const std::function<bool()>& stop,
                                                const std::function<bool(std::int64_t)>& written);

}  // namespace mantissa::run
