// Restoring pictures from a program of one's own: a release or network is opened once and then restores pictures in
// memory, picture files and streams of frames.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "mantissa/frames.h"
#include "mantissa/pixels.h"
#include "mantissa/result.h"
#include "mantissa/task_overrides.h"
#include "mantissa/tile_error.h"

namespace mantissa {

struct RunnerRequest {
  std::filesystem::path model;  // a release folder, or a network file
  std::string provider;         // "openvino-cpu"; empty: the fastest that passed
  std::string variant;          // "int8"; empty: the fastest that passed
  TaskOverrides overrides;      // for a network file
  std::optional<double> sigma;  // how noisy the pictures are, in 8-bit levels: for a network that is told
  // Of the output to the input, along a side, 1/64 to 64: what the network makes is resampled to it (bicubic,
  // antialiased). None: the network's own.
  std::optional<double> scale;
  int tile_size = 0;           // largest side of a tile in input pixels; 0: chosen
  std::uint64_t memory = 0;    // bytes that it may take; 0: most of what the machine has free
  bool restore_alpha = false;  // by the network, as a grey picture; false: resampled
  int threads = 0;             // 0: all cores
  // How many input pixels are to be restored in all: what is fastest on this machine is tried out first where that pays.
  // Asked at most once, while the Runner is opened; empty: nothing is tried.
  std::function<double()> input_pixels;
};

// What was opened.
struct RunnerInfo {
  std::string variant;   // "int8"
  std::string provider;  // "openvino-cpu"
  std::string reason;    // why these two
  int network_scale = 1;
  double scale = 1;  // of the output to the input, along a side
};

// Of one call. Neither may throw.
struct RunControl {
  std::stop_token stop;  // asks from any thread to stop at the next tile
  // Called on the thread that called, after each tile; false stops at the next one.
  std::function<bool(int done, int tiles)> progress;
};

struct FileOptions {
  int quality = 0;  // of lossy picture formats, 1..100; 0: the format's default
  bool overwrite = false;
};

struct RestoredPicture {
  std::filesystem::path input;
  std::filesystem::path output;
  int width = 0;  // of the output
  int height = 0;
  int tiles = 0;
  double seconds = 0;         // reading and writing included
  double engine_seconds = 0;  // of them in the engine
  std::int64_t input_pixels = 0;
  int tiles_repeated = 0;  // in a safer variant of the release, since they came out as no picture
  // In dB, the mean and the worst seam, on samples clipped to 0..1: how far neighbouring tiles agree where they overlap.
  // Only for a network that sees the whole picture and was cut into tiles; its result is not that of the whole.
  std::optional<std::pair<double, double>> tile_agreement;
  // Of such a picture: what the release says of its tiles, measured on the pictures that it was made with. None where it does
  // not, and for a network file.
  std::optional<TileError> tile_error;
};

// An open network. Several threads may restore with one Runner at once: the engine runs one tile at a time, on all its
// threads, while reading, colours and writing of the others go on. Memory is that of one session, and of a row of
// tiles for each call.
//
// Errors of all calls that restore: (interrupted) stopped by `control`; (unsupported) numbers that leave the range of
// the variant, too little memory.
class Runner {
 public:
  // Errors: (bad_input) a damaged or altered release, no such file; (usage) a provider or variant that there is not, a
  // level of noise that is missing or not wanted, a scale out of range; (unsupported) nothing can run here.
  [[nodiscard]] static Result<Runner> open(const RunnerRequest& request);
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  ~Runner();

  [[nodiscard]] const RunnerInfo& info() const;
  // What `mantissa run --explain` says, a line each: who runs and why, where its nodes run in which format, and what the
  // others would take.
  [[nodiscard]] std::vector<std::string> explanation() const;

  struct Size {
    int width = 0;
    int height = 0;
  };
  // Of what a picture becomes; each side at least 1. Errors (bad_input): sides that are not 1..1,000,000, here or there.
  [[nodiscard]] Result<Size> output_size(int width, int height) const;

  // A picture in memory into another, which it must not overlap: of output_size(), with as many channels; types and
  // layouts may differ. Alpha is resampled. After a failure `output` holds anything.
  // Errors (usage): layouts that make no sense.
  [[nodiscard]] Result<void> restore(const Pixels& input, const MutablePixels& output,
                                     const RunControl& control = {}) const;

  // A picture file into another, in the format that the extension says (.png .jpg .tif .webp .avif). The output appears
  // whole or not at all.
  // Errors (bad_input): no picture, a damaged one, an output that exists or cannot be written; (usage): the output is
  // the input.
  [[nodiscard]] Result<RestoredPicture> restore_file(const std::filesystem::path& input,
                                                     const std::filesystem::path& output,
                                                     const FileOptions& options = {},
                                                     const RunControl& control = {}) const;

  // A stream of frames: the next is read and the last written while one is computed. `control.progress` gets the frames
  // that are written, of 0. Frames that were written to standard output before a failure stay.
  // Errors (bad_input): a header that lies, a stream that ends within a frame (says which), a reader that has gone;
  // (usage) a terminal, raw frames without a size, words that there are not; (unsupported) interlaced frames, frames
  // that memory cannot hold.
  [[nodiscard]] Result<RestoredFrames> restore_stream(const StreamRequest& request,
                                                      const RunControl& control = {}) const;
  // The same for frames that come from and go to functions; their Errors end it.
  [[nodiscard]] Result<RestoredFrames> restore_frames(const FrameSource& source, const FrameSink& sink,
                                                      const RunControl& control = {}) const;

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mantissa
