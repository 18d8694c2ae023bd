#include <chrono>

#include "base/interrupt.h"
#include "base/progress.h"
#include "image/codec.h"
#include "mantissa/run.h"
#include "run/open_model.h"
#include "run/restore.h"

namespace mantissa {
namespace {

namespace fs = std::filesystem;

struct Job {
  fs::path input;
  fs::path output;
};

struct Jobs {
  std::vector<Job> jobs;
  fs::path folder;  // to make for the outputs; empty: none
};

Result<std::vector<fs::path>> expand(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    std::error_code ignored;
    if (!fs::exists(input, ignored)) return bad_input("there is no picture " + input.string());
    if (!fs::is_directory(input, ignored)) {
      files.push_back(input);
      continue;
    }
    MANTISSA_ASSIGN(const std::vector<fs::path> found, image::pictures_in(input));
    if (found.empty()) return bad_input("the folder " + input.string() + " holds no pictures");
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

// Folders may hold pictures of a kind that is read, but not written.
fs::path output_in(const fs::path& folder, const fs::path& input) {
  fs::path output = folder / input.filename();
  return image::is_only_read(output) ? output.replace_extension(".png") : output;
}

Result<Jobs> jobs_of(const RunRequest& request) {
  std::error_code ignored;
  MANTISSA_ASSIGN(const std::vector<fs::path> files, expand(request.inputs));
  const bool is_folder = fs::is_directory(request.output, ignored);
  if (files.size() > 1 && !is_folder && (fs::exists(request.output, ignored) || request.output.has_extension()))
    return usage_error(std::to_string(files.size()) + " pictures cannot become the one file " + request.output.string(),
                       "Name a folder");
  const bool into_folder = is_folder || !request.output.has_extension();
  std::vector<Job> jobs;
  for (const fs::path& file : files) {
    const fs::path output = into_folder ? output_in(request.output, file) : request.output;
    if (fs::exists(output, ignored) && fs::equivalent(output, file, ignored))
      return usage_error("the output " + output.string() + " is the input", "Choose another output");
    if (fs::exists(output, ignored) && !request.overwrite)
      return bad_input("the output " + output.string() + " exists",
                       "Remove it, choose another name, or add --overwrite");
    for (const Job& job : jobs)
      if (job.output == output)
        return usage_error(job.input.string() + " and " + file.string() + " would both become " + output.string());
    jobs.push_back({file, output});
  }
  return Jobs{std::move(jobs), into_folder && !is_folder ? request.output : fs::path()};
}

Result<void> make_folder(const fs::path& folder) {
  if (folder.empty()) return {};
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return bad_input("the folder " + folder.string() + " cannot be made: " + problem.message());
  return {};
}

Result<RestoredPicture> restore_one(run::OpenModel& model, const Job& job, const RunRequest& request) {
  MANTISSA_ASSIGN(auto reader, image::open_picture(job.input));
  image::PictureInfo info = reader->info();
  info.width *= model.task.scale;
  info.height *= model.task.scale;
  MANTISSA_ASSIGN(auto writer, image::create_picture(job.output, info, {.quality = request.quality}));
  run::RestoreOptions options{model.tile_size};
  if (request.tile_size > 0) options.tile_size = request.tile_size;
  std::unique_ptr<base::Progress> progress;
  const auto start = std::chrono::steady_clock::now();
  MANTISSA_ASSIGN(const run::RestoreStatistics done,
                  run::restore(*model.session, model.task, *reader, *writer, options, [&](int, int tiles) {
                    if (!progress)
                      progress = std::make_unique<base::Progress>(job.input.filename().string(), tiles, "tiles");
                    progress->advance();
                  }));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return RestoredPicture{job.input,  job.output,      info.width,          info.height,
                         done.tiles, seconds.count(), done.engine_seconds, done.input_pixels};
}

Result<RunSummary> restore_all(const Jobs& all, run::OpenModel& model, const RunRequest& request) {
  RunSummary summary{model.variant, model.provider, model.reason, {}, {}};
  for (const Job& job : all.jobs) {
    MANTISSA_TRY(base::check_interrupt());
    auto picture = restore_one(model, job, request);
    if (!picture.ok() && picture.error().where.empty())
      return std::move(picture).in(job.input.string()).error();  // others name their picture
    MANTISSA_ASSIGN(summary.pictures.emplace_back(), std::move(picture));
  }
  if (request.explain) summary.explanation = run::explain(model);
  return summary;
}

}  // namespace

Result<RunSummary> restore_pictures(const RunRequest& request) {
  MANTISSA_ASSIGN(const Jobs all, jobs_of(request));
  MANTISSA_ASSIGN(run::OpenModel model, run::open_model(request));
  MANTISSA_TRY(make_folder(all.folder));
  auto summary = restore_all(all, model, request);
  std::error_code not_empty;
  if (!summary.ok() && !all.folder.empty()) fs::remove(all.folder, not_empty);
  return summary;
}

}  // namespace mantissa
