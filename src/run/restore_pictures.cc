#include <chrono>

#include "base/interrupt.h"
#include "base/progress.h"
#include "image/codec.h"
#include "mantissa/run.h"
#include "run/find_inputs.h"
#include "run/made_folders.h"
#include "run/name_outputs.h"
#include "run/output_file.h"

namespace mantissa {
namespace {

namespace fs = std::filesystem;

// Input pixels of all pictures, from the sizes of the first ones; 0 where none can be read, which restoring will tell.
double pixels_of(const std::vector<run::FoundPicture>& pictures) {
  constexpr std::size_t kToMeasure = 8;  // whose sizes stand for those of all
  std::size_t measured = 0;
  double pixels = 0;
  for (const run::FoundPicture& picture : pictures) {
    if (measured == kToMeasure) break;
    const auto reader = image::open_picture(picture.file);
    if (!reader.ok()) continue;
    ++measured;
    pixels += static_cast<double>((*reader)->info().width) * (*reader)->info().height;
  }
  return measured == 0 ? 0 : pixels / static_cast<double>(measured) * static_cast<double>(pictures.size());
}

// Takes the jobs out that need not be done; what cannot be done is said before anything is.
Result<std::size_t> skip_existing(run::Jobs& all, const RunRequest& request) {
  const std::size_t before = all.jobs.size();
  std::error_code ignored;
  if (request.skip_existing)
    std::erase_if(all.jobs, [&](const run::Job& job) { return fs::exists(job.output, ignored); });
  for (const run::Job& job : all.jobs) MANTISSA_TRY(run::check_output_file(job.input, job.output, request.overwrite));
  return before - all.jobs.size();
}

class Batch {
 public:
  Batch(const Runner& runner, const run::Jobs& all, const RunRequest& request)
      : runner_(runner), all_(all), request_(request) {}

  // Adds to the summary what becomes of each.
  Result<void> run(RunSummary& summary) {
    const bool several = all_.jobs.size() > 1;
    std::unique_ptr<base::Progress> progress;
    if (several)
      progress = std::make_unique<base::Progress>("restoring", static_cast<std::int64_t>(all_.jobs.size()), "pictures");
    // A place that cannot be written to is no fault of one picture.
    if (all_.makes_folders && !all_.jobs.empty()) MANTISSA_TRY(folders_.make(all_.jobs.front().output.parent_path()));
    for (const run::Job& job : all_.jobs) {
      auto picture = restore(job);
      if (picture.ok()) {
        summary.pictures.push_back(*std::move(picture));
      } else if (!several) {
        return std::move(picture).error();
      } else if (picture.error().code == ErrorCode::interrupted) {
        return stopped(summary);
      } else {
        summary.failures.push_back({job.input, std::move(picture).error()});
        if (request_.on_failure) request_.on_failure(summary.failures.back());
      }
      if (progress) progress->advance();
    }
    return {};
  }

 private:
  Result<RestoredPicture> restore(const run::Job& job) {
    MANTISSA_TRY(base::check_interrupt());
    if (all_.makes_folders) MANTISSA_TRY(folders_.make(job.output.parent_path()));
    std::unique_ptr<base::Progress> progress;
    const auto show = [&](int, int tiles) {
      if (!progress) progress = std::make_unique<base::Progress>(job.input.filename().string(), tiles, "tiles");
      progress->advance();
      return true;
    };
    return runner_.restore_file(job.input, job.output, {request_.quality, request_.overwrite}, {request_.stop, show});
  }

  [[nodiscard]] Error stopped(const RunSummary& summary) const {
    return {ErrorCode::interrupted,
            "stopped on request: " + std::to_string(summary.pictures.size()) + " of " +
                std::to_string(all_.jobs.size()) + " pictures are finished",
            "--skip-existing goes on from there",
            {}};
  }

  const Runner& runner_;
  const run::Jobs& all_;
  const RunRequest& request_;
  run::MadeFolders folders_;
};

}  // namespace

Result<RunSummary> restore_pictures(const RunRequest& request) {
  if (request.overwrite && request.skip_existing)
    return usage_error("outputs that exist cannot be both replaced and skipped",
                       "Leave out --overwrite or --skip-existing");
  MANTISSA_ASSIGN(const auto pictures, run::find_inputs(request.inputs, request.recursive));
  RunnerRequest model = request;
  if (request.may_race) model.input_pixels = [&pictures] { return pixels_of(pictures); };
  MANTISSA_ASSIGN(const Runner runner, Runner::open(model));
  MANTISSA_ASSIGN(run::Jobs all, run::name_outputs(pictures, request.output, runner.info()));
  RunSummary summary{runner.info(), {}, {}, {}, 0};
  MANTISSA_ASSIGN(summary.skipped, skip_existing(all, request));
  MANTISSA_TRY(Batch(runner, all, request).run(summary));
  if (request.explain) summary.explanation = runner.explanation();
  return summary;
}

}  // namespace mantissa
