// What a Runner holds, for the files that implement it.
#pragma once

#include <mutex>

#include "image/codec.h"
#include "mantissa/runner.h"
#include "run/open_model.h"
#include "run/restore.h"

namespace mantissa {

struct Runner::State {
  mutable run::OpenModel model;  // its sessions run, one at a time
  RunnerInfo info;
  run::RestoreOptions options;
  bool resamples = false;            // after the network
  mutable std::mutex one_at_a_time;  // of the model's session

  // From a reader to a writer of output_size(): everything that a Runner restores goes through here.
  [[nodiscard]] Result<run::RestoreStatistics> restore(image::PictureReader& reader, image::PictureWriter& writer,
                                                       const RunControl& control) const;
  // A picture without alpha, as a frame of a stream is.
  [[nodiscard]] Result<image::Picture> restore_frame(const image::Picture& picture, const std::stop_token& stop,
                                                     double& engine_seconds) const;
  [[nodiscard]] Result<Size> output_size(int width, int height) const;
};

}  // namespace mantissa
