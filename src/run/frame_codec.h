// The frames of a stream, as bytes and as what a network takes: Y4M and raw frames.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/byte_stream.h"
#include "mantissa/frames.h"
#include "mantissa/result.h"
#include "mantissa/runner.h"
#include "run/frame_pipeline.h"

namespace mantissa::run {

class FrameCodec {
 public:
  virtual ~FrameCodec() = default;
  [[nodiscard]] virtual int width() const = 0;  // of the input
  [[nodiscard]] virtual int height() const = 0;
  // What stands before the first frame, and before each, in the output.
  [[nodiscard]] virtual std::string header(Runner::Size output) const = 0;
  [[nodiscard]] virtual std::string frame_header() const = 0;
  [[nodiscard]] virtual std::size_t bytes(Runner::Size size) const = 0;  // of a frame
  [[nodiscard]] virtual WorkFrame decode(std::span<const std::byte> bytes) const = 0;
  // What goes past the network, at the size of the output.
  [[nodiscard]] virtual image::Picture beside(const image::Picture& beside, Runner::Size output) const = 0;
  virtual void encode(const WorkFrame& frame, Runner::Size output, std::span<std::byte> bytes) const = 0;
};

// Reads what stands before the first frame. `keeps_chroma`: a luminance network gets Y alone, chroma is resampled.
// Errors: as of Runner::restore_stream.
[[nodiscard]] Result<std::unique_ptr<FrameCodec>> open_frames(const StreamRequest& request, base::InputStream& input,
                                                              bool keeps_chroma, const base::StopRequest& stop);

// Reads one frame into `bytes`; false at the end of the stream. `number` counts from 1, for messages.
[[nodiscard]] Result<bool> read_frame(const FrameCodec& codec, base::InputStream& input, std::int64_t number,
                                      std::span<std::byte> bytes, const base::StopRequest& stop);

}  // namespace mantissa::run
