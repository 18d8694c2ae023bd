#include "release/tile_errors.h"

#include <algorithm>

#include "base/interrupt.h"
#include "image/metrics.h"
#include "net/global_branch.h"
#include "release/engines.h"
#include "run/restore.h"

namespace mantissa::release {
namespace {

// As large as memory allows is what `run` takes; these are what pictures of the usual sets can tell of.
constexpr int kTiles[] = {64, 128, 256, 512};
// A picture that is hardly larger than a tile is cut into much smaller ones.
constexpr double kLeastTiles = 1.5;
constexpr int kMostPictures = 5;

Result<image::Picture> restored(run::Session& session, const net::Task& task, const Sample& sample, int tile) {
  MANTISSA_TRY(base::check_interrupt());
  set_level(session, task, sample.level);
  MANTISSA_ASSIGN(image::Picture picture, run::restore(session, task, sample.input, {.tile_size = tile}));
  image::round_to_8_bits(picture);
  return picture;
}

int round_up(int size, int multiple) { return (size + multiple - 1) / multiple * multiple; }

void add(TileError& error, double psnr) {
  error.worst_psnr = error.pictures == 0 ? psnr : std::min(error.worst_psnr, psnr);
  error.psnr = (error.psnr * error.pictures + psnr) / (error.pictures + 1);
  ++error.pictures;
}

}  // namespace

Result<std::vector<TileError>> measure_tile_errors(const net::Network& network, const PictureSet& pictures) {
  std::vector<TileError> errors;
  const net::Task& task = network.task;
  if (task.radius || net::split_global_branch(network.graph)) return errors;
  for (const int tile : kTiles) errors.push_back({round_up(tile, task.size_multiple)});
  MANTISSA_ASSIGN(const auto session, open_graph(network.graph, kReference));
  for (std::size_t i = 0; i < pictures.size() && errors.back().pictures < kMostPictures; ++i) {
    MANTISSA_ASSIGN(const Sample sample, pictures.load(i));
    const int side = std::max(sample.input.width, sample.input.height);
    const auto is_wanted = [&](const TileError& error) {
      return error.pictures < kMostPictures && side >= kLeastTiles * error.tile;
    };
    if (std::none_of(errors.begin(), errors.end(), is_wanted)) continue;
    MANTISSA_ASSIGN(const image::Picture whole, restored(*session, task, sample, round_up(side, task.size_multiple)));
    for (TileError& error : errors) {
      if (!is_wanted(error)) continue;
      MANTISSA_ASSIGN(const image::Picture tiled, restored(*session, task, sample, error.tile));
      add(error, image::psnr(tiled, whole));
    }
  }
  std::erase_if(errors, [](const TileError& error) { return error.pictures == 0; });
  return errors;
}

}  // namespace mantissa::release
