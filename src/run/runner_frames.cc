// Streams of frames through a Runner.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "base/memory.h"
#include "run/frame_codec.h"
#include "run/frame_pipeline.h"
#include "run/output_file.h"
#include "run/pixels.h"
#include "run/runner_state.h"

namespace mantissa {
namespace {

using image::Picture;
using Clock = std::chrono::steady_clock;

std::function<bool()> stop_of(const RunControl& control) {
  return [&control] { return control.stop.stop_requested() || base::interrupted(); };
}

// Frames are held whole, as numbers of 4 bytes: two that come and what is made of one on the way in, three on the way
// out, some of them as bytes too. A header may promise any size.
Result<void> check_memory(Runner::Size input, Runner::Size output) {
  const double bytes = 4.0 * 3.0 * (6.0 * input.width * input.height + 5.0 * output.width * output.height);
  const auto available = base::available_memory();
  if (!available || bytes <= static_cast<double>(*available)) return {};
  return unsupported("frames of " + std::to_string(input.width) + " x " + std::to_string(input.height) +
                         " pixels need more memory than is free",
                     "Restore such pictures as files");
}

Result<void> check_names(const StreamRequest& request) {
  if (request.output == "-") return {};
  if (request.format == "y4m" && request.output.extension() != ".y4m")
    return usage_error("frames cannot be written as " + request.output.string(), "Use a name that ends in .y4m, or -");
  return run::check_output_file(request.input, request.output, request.overwrite);
}

using run::WorkFrame;
using Stop = std::function<bool()>;

// What is particular to a kind of stream.
struct Ends {
  std::function<Result<std::optional<WorkFrame>>(const Stop&)> read;
  std::function<Picture(const Picture& beside)> enlarge;  // what goes past the network
  std::function<Result<void>(const WorkFrame&, const Stop&)> write;
};

// Everything between the ends; fills in what comes of it.
Result<void> run_frames(
    const std::function<Result<Picture>(const Picture&, const std::stop_token&, double& engine_seconds)>& restore,
    const Ends& ends, const RunControl& control, RestoredFrames& result) {
  const auto compute = [&](const WorkFrame& frame) -> Result<WorkFrame> {
    MANTISSA_ASSIGN(Picture picture, restore(frame.picture, control.stop, result.engine_seconds));
    return WorkFrame{std::move(picture), ends.enlarge(frame.beside)};
  };
  const auto written = [&](std::int64_t frames) {
    return !control.progress || control.progress(static_cast<int>(frames), 0);
  };
  MANTISSA_ASSIGN(result.frames, run::run_pipeline({ends.read, compute, ends.write}, stop_of(control), written));
  return {};
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

Result<RestoredFrames> Runner::restore_stream(const StreamRequest& request, const RunControl& control) const {
  MANTISSA_TRY(check_names(request));
  const auto start = Clock::now();
  const Stop stop = stop_of(control);
  MANTISSA_ASSIGN(base::InputStream input, base::InputStream::open(request.input));
  const bool keeps_chroma = state_->model.task.colour == net::Colour::luminance;
  MANTISSA_ASSIGN(const auto codec, run::open_frames(request, input, keeps_chroma, stop));
  const Size from{codec->width(), codec->height()};
  MANTISSA_ASSIGN(const Size to, output_size(from.width, from.height));
  MANTISSA_TRY(check_memory(from, to));
  MANTISSA_ASSIGN(base::OutputStream output, base::OutputStream::open(request.output));
  const std::string header = codec->header(to), before = codec->frame_header();
  MANTISSA_TRY(output.write(std::as_bytes(std::span(header)), stop));

  std::vector<std::byte> fresh(codec->bytes(from)), done(codec->bytes(to));  // each of one thread
  std::int64_t number = 0;
  Ends ends;
  ends.read = [&](const Stop& give_up) -> Result<std::optional<WorkFrame>> {
    MANTISSA_ASSIGN(const bool is_frame, run::read_frame(*codec, input, ++number, fresh, give_up));
    return is_frame ? std::optional(codec->decode(fresh)) : std::nullopt;
  };
  ends.enlarge = [&](const Picture& beside) { return codec->beside(beside, to); };
  ends.write = [&](const WorkFrame& frame, const Stop& give_up) -> Result<void> {
    codec->encode(frame, to, done);
    MANTISSA_TRY(output.write(std::as_bytes(std::span(before)), give_up));
    return output.write(done, give_up);
  };
  RestoredFrames result{0, from.width, from.height, to.width, to.height, 0, 0};
  MANTISSA_TRY(run_frames(std::bind_front(&State::restore_frame, state_.get()), ends, control, result));
  MANTISSA_TRY(output.finish());
  result.seconds = seconds_since(start);
  return result;
}

Result<RestoredFrames> Runner::restore_frames(const FrameSource& source, const FrameSink& sink,
                                              const RunControl& control) const {
  const auto start = Clock::now();
  PixelLayout in = source.layout;
  in.row_stride = in.plane_stride = 0;
  MANTISSA_TRY(run::check_layout(in, &in, "frame"));
  if (in.channels % 2 == 0) return usage_error("frames with alpha are not restored", "Restore them one by one");
  MANTISSA_ASSIGN(const Size to, output_size(in.width, in.height));
  MANTISSA_TRY(check_memory({in.width, in.height}, to));
  const PixelLayout out{to.width, to.height, in.channels, sink.type, sink.planar, 0, 0};
  MANTISSA_TRY(run::check_layout(out, &out, "result"));

  std::vector<std::byte> fresh(run::packed_bytes(in)), done(run::packed_bytes(out));  // each of one thread
  Ends ends;
  ends.read = [&](const Stop&) -> Result<std::optional<WorkFrame>> {
    MANTISSA_ASSIGN(const bool is_frame, source.next({in, fresh.data()}));
    if (!is_frame) return std::optional<WorkFrame>();
    MANTISSA_ASSIGN(Picture picture, run::PixelReader({in, fresh.data()}).read({0, 0, in.width, in.height}));
    return std::optional(WorkFrame{std::move(picture), {}});
  };
  ends.enlarge = [](const Picture&) { return Picture(); };
  ends.write = [&](const WorkFrame& frame, const Stop&) -> Result<void> {
    MANTISSA_TRY(run::PixelWriter({out, done.data()}).write_rows(frame.picture));
    return sink.take({out, done.data()});
  };
  RestoredFrames result{0, in.width, in.height, to.width, to.height, 0, 0};
  MANTISSA_TRY(run_frames(std::bind_front(&State::restore_frame, state_.get()), ends, control, result));
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace mantissa
