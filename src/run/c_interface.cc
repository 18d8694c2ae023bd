// mantissa.h on top of runner.h.
#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>

#include "mantissa/mantissa.h"
#include "mantissa/runner.h"

struct mantissa_error {
  int code;
  std::string message;
};

struct mantissa_runner {
  mantissa::Runner runner;
};

namespace {

using namespace mantissa;

static_assert(static_cast<int>(ErrorCode::usage) == MANTISSA_USAGE);
static_assert(static_cast<int>(ErrorCode::bad_input) == MANTISSA_BAD_INPUT);
static_assert(static_cast<int>(ErrorCode::unsupported) == MANTISSA_UNSUPPORTED);
static_assert(static_cast<int>(ErrorCode::internal) == MANTISSA_INTERNAL);
static_assert(static_cast<int>(ErrorCode::interrupted) == MANTISSA_INTERRUPTED);
static_assert(static_cast<int>(SampleType::uint8) == MANTISSA_UINT8);
static_assert(static_cast<int>(SampleType::uint16) == MANTISSA_UINT16);
static_assert(static_cast<int>(SampleType::float32) == MANTISSA_FLOAT32);

int report(const Error& error, mantissa_error** to) {
  const int code = static_cast<int>(error.code);
  if (to != nullptr) *to = new mantissa_error{code, error.message()};
  return code;
}

// Runs `work`, which returns a Result<void>; no exception leaves it. Without memory for a message there is none.
template <class Work>
int guarded(mantissa_error** error, Work&& work) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    try {
      const Result<void> done = work();
      return done.ok() ? MANTISSA_DONE : report(done.error(), error);
    } catch (const std::bad_alloc&) {
      return report(unsupported("there is not enough memory"), error);
    } catch (const std::exception& problem) {
      return report(internal_error(problem.what()), error);
    }
  } catch (...) {
    return MANTISSA_INTERNAL;
  }
}

Result<void> check_given(const void* pointer, const char* name) {
  if (pointer == nullptr) return usage_error(std::string(name) + " is NULL");
  return {};
}

// What the caller knows of a structure; the rest is 0. None given: all of it is.
template <class Structure>
Result<Structure> known_part(const Structure* given, const char* name) {
  Structure known{};
  if (given == nullptr) return known;
  constexpr std::size_t most = 4096;  // no structure of ours is as large: whoever says so has not set it
  if (given->size < sizeof given->size || given->size > most)
    return usage_error("the size of " + std::string(name) + " is not set",
                       "Set it to sizeof(" + std::string(name) + ")");
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (std::any_of(bytes + std::min(given->size, sizeof known), bytes + given->size,
                  [](unsigned char byte) { return byte != 0; }))
    return unsupported(std::string(name) + " has members that this version does not know", "Install a newer version");
  std::memcpy(&known, given, std::min(given->size, sizeof known));
  return known;
}

std::string text(const char* given) { return given != nullptr ? given : ""; }

std::optional<std::string> optional_text(const char* given) {
  return given != nullptr ? std::optional<std::string>(given) : std::nullopt;
}

RunnerRequest request_of(const char* model, const mantissa_options& options) {
  RunnerRequest request;
  request.model = model;
  request.provider = text(options.provider);
  request.variant = text(options.variant);
  request.overrides = {optional_text(options.range), optional_text(options.colour), {}};
  if (options.has_sigma != 0) request.sigma = options.sigma;
  if (options.scale != 0) request.scale = options.scale;
  request.tile_size = options.tile_size;
  request.threads = options.threads;
  request.restore_alpha = options.restore_alpha != 0;
  request.memory = options.memory;
  return request;
}

template <class PixelsOrMutable>
Result<PixelsOrMutable> pixels_of(const mantissa_pixels* given) {
  MANTISSA_TRY(check_given(given, "mantissa_pixels"));
  MANTISSA_ASSIGN(const mantissa_pixels known, known_part(given, "mantissa_pixels"));
  PixelsOrMutable pixels;
  static_cast<PixelLayout&>(pixels) = {
      known.width,       known.height,     known.channels,    static_cast<SampleType>(known.type),
      known.planar != 0, known.row_stride, known.plane_stride};
  pixels.data = known.data;
  return pixels;
}

RunControl control_of(const mantissa_control& control) {
  RunControl made;
  if (control.progress != nullptr)
    made.progress = [control](int done, int tiles) { return control.progress(control.user, done, tiles) == 0; };
  return made;
}

}  // namespace

const char* mantissa_version() { return MANTISSA_VERSION; }

const char* mantissa_error_message(const mantissa_error* error) {
  return error != nullptr ? error->message.c_str() : "there is not enough memory to say what happened";
}
int mantissa_error_code(const mantissa_error* error) { return error != nullptr ? error->code : MANTISSA_INTERNAL; }
void mantissa_error_free(mantissa_error* error) { delete error; }

int mantissa_open(const char* model, const mantissa_options* options, mantissa_runner** runner,
                  mantissa_error** error) {
  return guarded(error, [&]() -> Result<void> {
    MANTISSA_TRY(check_given(model, "model"));
    MANTISSA_TRY(check_given(runner, "runner"));
    *runner = nullptr;
    MANTISSA_ASSIGN(const mantissa_options known, known_part(options, "mantissa_options"));
    MANTISSA_ASSIGN(Runner opened, Runner::open(request_of(model, known)));
    *runner = new mantissa_runner{std::move(opened)};
    return {};
  });
}

void mantissa_close(mantissa_runner* runner) { delete runner; }

int mantissa_describe(const mantissa_runner* runner, mantissa_info* info, mantissa_error** error) {
  return guarded(error, [&]() -> Result<void> {
    MANTISSA_TRY(check_given(runner, "runner"));
    MANTISSA_TRY(check_given(info, "info"));
    const std::size_t size = info->size;
    if (size < sizeof size) return usage_error("the size of mantissa_info is not set");
    const RunnerInfo& known = runner->runner.info();
    const mantissa_info filled = {
        size, known.scale, known.network_scale, known.variant.c_str(), known.provider.c_str(), known.reason.c_str()};
    std::memcpy(info, &filled, std::min(size, sizeof filled));
    return {};
  });
}

int mantissa_output_size(const mantissa_runner* runner, int width, int height, int* output_width, int* output_height,
                         mantissa_error** error) {
  return guarded(error, [&]() -> Result<void> {
    MANTISSA_TRY(check_given(runner, "runner"));
    MANTISSA_ASSIGN(const Runner::Size size, runner->runner.output_size(width, height));
    if (output_width != nullptr) *output_width = size.width;
    if (output_height != nullptr) *output_height = size.height;
    return {};
  });
}

int mantissa_restore(const mantissa_runner* runner, const mantissa_pixels* input, const mantissa_pixels* output,
                     const mantissa_control* control, mantissa_error** error) {
  return guarded(error, [&]() -> Result<void> {
    MANTISSA_TRY(check_given(runner, "runner"));
    MANTISSA_ASSIGN(const Pixels from, pixels_of<Pixels>(input));
    MANTISSA_ASSIGN(const MutablePixels to, pixels_of<MutablePixels>(output));
    MANTISSA_ASSIGN(const mantissa_control known, known_part(control, "mantissa_control"));
    return runner->runner.restore(from, to, control_of(known));
  });
}

int mantissa_restore_file(const mantissa_runner* runner, const char* input, const char* output,
                          const mantissa_control* control, mantissa_error** error) {
  return guarded(error, [&]() -> Result<void> {
    MANTISSA_TRY(check_given(runner, "runner"));
    MANTISSA_TRY(check_given(input, "input"));
    MANTISSA_TRY(check_given(output, "output"));
    MANTISSA_ASSIGN(const mantissa_control known, known_part(control, "mantissa_control"));
    MANTISSA_TRY(runner->runner.restore_file(input, output, {known.quality, known.overwrite != 0}, control_of(known)));
    return {};
  });
}
