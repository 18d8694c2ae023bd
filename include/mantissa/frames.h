// Streams of frames (video): Y4M, or raw frames, as ffmpeg writes and reads them through pipes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "mantissa/pixels.h"
#include "mantissa/result.h"

namespace mantissa {

struct StreamRequest {
  std::filesystem::path input = "-";   // "-": standard input
  std::filesystem::path output = "-";  // "-": standard output; a file appears whole or not at all
  // "y4m"; or frames without any header, one after another: "rgb24", "rgb48" (16 bits, the low byte first), "gray",
  // "gray16". The output is of the same kind.
  std::string format = "y4m";
  int width = 0;  // of raw frames
  int height = 0;
  // Of Y4M, which does not say. How RGB is made of YCbCr: "bt601", "bt709", "bt2020"; empty: bt709 from 1280 columns or
  // 577 rows on, else bt601. The output has the same.
  std::string matrix;
  std::string levels;  // "limited" or "full"; empty: what the stream says, else limited
  std::string siting;  // of 4:2:0: "centre", "left" or "top-left"; empty: what the stream says, left for over 8 bits
  bool overwrite = false;
};

struct RestoredFrames {
  std::int64_t frames = 0;
  int input_width = 0;
  int input_height = 0;
  int width = 0;  // of the output
  int height = 0;
  double seconds = 0;         // reading and writing included
  double engine_seconds = 0;  // of them in the engine
};

// Frames of a program of one's own, for Runner::restore_frames. Both are called from threads of the library, each from
// one; neither may throw.
struct FrameSource {
  PixelLayout layout;  // of every frame
  // Fills `frame`, packed; false at the end.
  std::function<Result<bool>(const MutablePixels& frame)> next;
};
struct FrameSink {
  SampleType type = SampleType::uint8;
  bool planar = false;
  // Takes a frame, packed, in the order that they came; it is valid during the call.
  std::function<Result<void>(const Pixels& frame)> take;
};

}  // namespace mantissa
