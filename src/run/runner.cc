#include "mantissa/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "run/guarded.h"
#include "run/memory_picture.h"
#include "run/output_file.h"
#include "run/pixels.h"
#include "run/runner_state.h"
#include "run/scaled_writer.h"
#include "run/shared_session.h"

namespace mantissa {
namespace {

namespace fs = std::filesystem;

// Beyond these a picture is no longer what the network made.
constexpr double kLargestScale = 64;
constexpr double kSmallestScale = 1 / kLargestScale;

Result<void> check_scale(std::optional<double> scale) {
  if (!scale || (*scale >= kSmallestScale && *scale <= kLargestScale)) return {};
  return usage_error("the scale is not between 1/64 and 64");
}

}  // namespace

Result<Runner> Runner::open(const RunnerRequest& request) {
  MANTISSA_TRY(check_scale(request.scale));
  MANTISSA_ASSIGN(run::OpenModel model, run::open_model(request));
  auto state = std::make_unique<State>();
  const int own = model.task.scale;
  state->info = {model.variant, model.provider, model.reason, own, request.scale.value_or(own)};
  state->model = std::move(model);
  state->options = {.tile_size = request.tile_size,
                    .memory = request.memory,
                    .fast_tile = state->model.tile_size,
                    .restore_alpha = request.restore_alpha,
                    .tile_errors = state->model.tile_errors,
                    .safer = &state->model.safer};
  state->resamples = state->info.scale != own;
  return Runner(std::move(state));
}

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::Runner(Runner&&) noexcept = default;
Runner& Runner::operator=(Runner&&) noexcept = default;
Runner::~Runner() = default;

const RunnerInfo& Runner::info() const { return state_->info; }
std::vector<std::string> Runner::explanation() const { return run::explain(state_->model); }
Result<Runner::Size> Runner::output_size(int width, int height) const { return state_->output_size(width, height); }

Result<Runner::Size> Runner::State::output_size(int width, int height) const {
  const auto scaled = [&](int side) { return std::max(std::llround(side * info.scale), 1LL); };
  const auto is_possible = [&](int side) {
    return side >= 1 && side <= run::kLongestInput && scaled(side) <= run::kLongestOutput &&
           std::int64_t{side} * info.network_scale <= run::kLongestOutput;
  };
  if (!is_possible(width) || !is_possible(height))
    return bad_input(std::to_string(width) + " x " + std::to_string(height) + " pixels are too many a side",
                     "The most are " + std::to_string(run::kLongestInput) + " before and " +
                         std::to_string(run::kLongestOutput) + " after");
  return Size{static_cast<int>(scaled(width)), static_cast<int>(scaled(height))};
}

Result<run::RestoreStatistics> Runner::State::restore(image::PictureReader& reader, image::PictureWriter& writer,
                                                      const RunControl& control) const {
  const image::PictureInfo& info_in = reader.info();
  std::atomic<bool> refused = false;  // by the callback
  const std::function<bool()> stop = [&] { return refused || control.stop.stop_requested(); };
  const auto progress = [&](int done, int tiles) {
    if (control.progress && !control.progress(done, tiles)) refused = true;
  };
  run::SharedSession session(*model.session, one_at_a_time, stop);
  if (!resamples) return run::restore(session, model.task, reader, writer, options, progress);

  MANTISSA_ASSIGN(const Size size, output_size(info_in.width, info_in.height));
  run::ScaledWriter scaled(writer, image::axis_between(info_in.width * info.network_scale, size.width),
                           image::axis_between(info_in.height * info.network_scale, size.height),
                           info_in.channels + (info_in.has_alpha ? 1 : 0));
  return run::restore(session, model.task, reader, scaled, options, progress);
}

Result<image::Picture> Runner::State::restore_frame(const image::Picture& picture, const std::stop_token& stop,
                                                    double& engine_seconds) const {
  MANTISSA_ASSIGN(const Size size, output_size(picture.width, picture.height));
  run::MemoryReader reader(picture);
  run::MemoryWriter writer(size.width, size.height, picture.channels);
  MANTISSA_ASSIGN(const run::RestoreStatistics done, restore(reader, writer, {stop, {}}));
  engine_seconds += done.engine_seconds;
  return writer.take();
}

Result<void> Runner::restore(const Pixels& input, const MutablePixels& output, const RunControl& control) const {
  MANTISSA_TRY(run::check_layout(input, input.data, "input"));
  MANTISSA_TRY(run::check_layout(output, output.data, "output"));
  MANTISSA_ASSIGN(const Size size, output_size(input.width, input.height));
  if (output.width != size.width || output.height != size.height || output.channels != input.channels)
    return usage_error("the output is " + std::to_string(output.width) + " x " + std::to_string(output.height) +
                           " pixels of " + std::to_string(output.channels) + " channels",
                       "It must be " + std::to_string(size.width) + " x " + std::to_string(size.height) + " of " +
                           std::to_string(input.channels));
  run::PixelReader reader(input);
  run::PixelWriter writer(output);
  return run::guarded([&]() -> Result<void> {
    MANTISSA_TRY(state_->restore(reader, writer, control));
    return {};
  });
}

Result<RestoredPicture> Runner::restore_file(const fs::path& input, const fs::path& output, const FileOptions& options,
                                             const RunControl& control) const {
  MANTISSA_TRY(run::check_output_file(input, output, options.overwrite));
  const auto start = std::chrono::steady_clock::now();
  return run::guarded([&]() -> Result<RestoredPicture> {
    MANTISSA_ASSIGN(auto reader, image::open_picture(input));
    image::PictureInfo info = reader->info();
    MANTISSA_ASSIGN(const Size size, output_size(info.width, info.height).in("picture " + input.string()));
    info.width = size.width;
    info.height = size.height;
    MANTISSA_ASSIGN(auto writer, image::create_picture(output, info, {.quality = options.quality}));
    auto done = state_->restore(*reader, *writer, control);
    if (!done.ok() && done.error().where.empty() && done.error().code != ErrorCode::interrupted)
      return std::move(done).in(input.string()).error();  // others name their picture
    MANTISSA_TRY(done);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    RestoredPicture restored{input,
                             output,
                             info.width,
                             info.height,
                             done->tiles,
                             seconds.count(),
                             done->engine_seconds,
                             done->input_pixels,
                             done->tiles_repeated,
                             {},
                             {}};
    if (done->agreement) restored.tile_agreement = {done->agreement->psnr(), done->agreement->worst_psnr()};
    restored.tile_error = done->tile_error;
    return restored;
  });
}

}  // namespace mantissa
