#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

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

// A small picture is worked on beside another one: while one is in the engine, which takes one tile at a time, the next
// is decoded and the last encoded. A large one does that by itself, row by row, and would take its memory twice.
constexpr double kSmall = 4e6;  // input pixels

bool is_small(const std::filesystem::path& file) {
  const auto reader = image::open_picture(file);  // what is wrong with it is told when it is restored
  return reader.ok() && static_cast<double>((*reader)->info().width) * (*reader)->info().height <= kSmall;
}

class Batch {
 public:
  Batch(const Runner& runner, const run::Jobs& all, const RunRequest& request)
      : runner_(runner), all_(all), request_(request), restored_(all.jobs.size()), failed_(all.jobs.size()) {}

  // Adds to the summary what becomes of each.
  Result<void> run(RunSummary& summary) {
    // A place that cannot be written to is no fault of one picture.
    if (all_.makes_folders && !all_.jobs.empty()) MANTISSA_TRY(folders_.make(all_.jobs.front().output.parent_path()));
    std::thread beside;
    if (several()) {
      progress_.emplace("restoring", static_cast<std::int64_t>(all_.jobs.size()), "pictures");
      beside = std::thread([this] { work(); });
    }
    work();
    if (beside.joinable()) beside.join();
    progress_.reset();
    for (auto& picture : restored_)
      if (picture) summary.pictures.push_back(*std::move(picture));
    for (std::size_t i = 0; i < failed_.size(); ++i)
      if (failed_[i]) summary.failures.push_back({all_.jobs[i].input, *std::move(failed_[i])});
    if (is_stopped_) return stopped(summary);
    if (!several() && !summary.failures.empty()) return std::move(summary.failures.front().error);
    return {};
  }

 private:
  [[nodiscard]] bool several() const { return all_.jobs.size() > 1; }

  // Takes one picture after another, on each of two threads.
  void work() {
    for (std::size_t i = next_++; i < all_.jobs.size() && !is_stopped_; i = next_++) {
      const run::Job& job = all_.jobs[i];
      std::shared_lock beside_others(alone_, std::defer_lock);
      std::unique_lock alone(alone_, std::defer_lock);
      if (several() && is_small(job.input))
        beside_others.lock();
      else
        alone.lock();
      keep(i, restore(job));
    }
  }

  void keep(std::size_t i, Result<RestoredPicture> picture) {
    const std::lock_guard lock(mutex_);
    if (picture.ok()) {
      restored_[i] = *std::move(picture);
    } else if (picture.error().code == ErrorCode::interrupted && several()) {
      is_stopped_ = true;
      return;
    } else {
      failed_[i] = std::move(picture).error();
      if (request_.on_failure && several()) request_.on_failure({all_.jobs[i].input, *failed_[i]});
    }
    if (progress_) progress_->advance();
  }

  Result<RestoredPicture> restore(const run::Job& job) {
    MANTISSA_TRY(base::check_interrupt());
    if (all_.makes_folders) {
      const std::lock_guard lock(mutex_);
      MANTISSA_TRY(folders_.make(job.output.parent_path()));
    }
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
  std::atomic<std::size_t> next_ = 0;  // job that nobody has taken
  std::atomic<bool> is_stopped_ = false;
  std::shared_mutex alone_;
  std::mutex mutex_;  // of what follows
  run::MadeFolders folders_;
  std::optional<base::Progress> progress_;
  std::vector<std::optional<RestoredPicture>> restored_;  // of each job: this, or why not
  std::vector<std::optional<Error>> failed_;
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
