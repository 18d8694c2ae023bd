#include "release/calibration.h"

#include <algorithm>
#include <random>

#include "image/colour.h"
#include "image/exaggerate.h"
#include "release/engines.h"
#include "run/restore.h"

namespace mantissa::release {
namespace {

constexpr std::size_t kEnoughTiles = 24;
constexpr std::size_t kMostTiles = 64;
constexpr int kTileSide = 128;
// Of the tiles for ranges and for decisions, one in so many comes once more with stronger colours, or with more detail.
struct Shares {
  std::size_t colours, detail;
};
constexpr Shares kExaggeratedForRanges{3, 3}, kExaggeratedForDecisions{6, 2};

int tile_side(int picture_side, int multiple) {
  return std::max(std::min(picture_side, kTileSide) / multiple, 1) * multiple;
}

// A number in [0, limit] from the generator's raw bits: std::uniform_int_distribution differs between libraries.
int choose(std::mt19937_64& random, int limit) {
  return static_cast<int>(random() % (static_cast<std::uint64_t>(limit) + 1));
}

// The levels of noise at which flat pictures join the ranges.
std::vector<std::optional<float>> levels_for_flat(const net::Task& task) {
  if (!task.condition || !task.condition->levels) return {std::nullopt};
  const net::Levels& levels = *task.condition->levels;
  if (levels.low == levels.high) return {levels.low};
  return {levels.low, levels.middle(), levels.high};
}

constexpr int kRimWithoutBound = 32;

// Calibration pictures may hold few saturated colours and little sharp detail, and other pictures do.
constexpr float kColours = 4.0F, kDetail = 1.5F, kContrast = 0.4F;

// Noise stays as strong as it is: `clean`, the tile without it, is what is exaggerated.
template <class How>
image::Picture exaggerated(const image::Picture& tile, const std::optional<image::Picture>& clean, const How& how) {
  if (!clean) return how(tile);
  image::Picture result = how(*clean);
  for (std::size_t i = 0; i < result.samples.size(); ++i) result.samples[i] += tile.samples[i] - clean->samples[i];
  return result;
}

}  // namespace

int rim_of(const net::Task& task) { return task.radius.value_or(kRimWithoutBound); }

quant::Batch batch_of(const image::Picture& picture, const net::Task& task, std::optional<float> level) {
  image::Picture own = run::to_network_colours(picture, task);
  const float span = task.range_high - task.range_low;
  for (float& sample : own.samples) sample = task.range_low + sample * span;
  quant::Batch batch{{1, own.channels, own.height, own.width}, std::move(own.samples)};
  if (task.condition && level) {
    batch.condition = task.condition->number_of(*level);
    batch.map_step = task.condition->step;
  }
  return batch;
}

image::Picture picture_of(const quant::Batch& batch, const net::Task& task) {
  image::Picture picture;
  picture.channels = static_cast<int>(batch.shape[1]);
  picture.height = static_cast<int>(batch.shape[2]);
  picture.width = static_cast<int>(batch.shape[3]);
  picture.samples = batch.values;
  const net::Range range = net::output_range(task);
  for (float& sample : picture.samples) sample = (sample - range.low) / range.span();
  return task.colour == net::Colour::ycbcr ? image::ycbcr_to_rgb(picture) : picture;
}

image::Picture flat_picture(const net::Task& task, float level) {
  // Wide enough that its middle does not see the edge, where the network's padding is no longer flat.
  const int least = kFlatMiddle + 2 * rim_of(task);
  const int side = (least + task.size_multiple - 1) / task.size_multiple * task.size_multiple;
  return image::Picture(side, side, net::channels_of(task.colour), level);
}

image::Picture middle_of_flat(const image::Picture& output, const net::Task& task) {
  const int rim = rim_of(task) * task.scale;
  return image::crop(output, {rim, rim, output.width - 2 * rim, output.height - 2 * rim});
}

Result<Calibration> read_calibration(const PictureSet& pictures, const net::Task& task, std::uint64_t seed) {
  Calibration calibration;
  std::mt19937_64 random(seed);
  const std::size_t of_each = (kEnoughTiles + pictures.size() - 1) / pictures.size();
  const std::size_t step = (pictures.size() + kMostTiles - 1) / kMostTiles;  // of very many pictures, an even choice
  std::size_t tiles = 0;
  for (std::size_t i = 0; i < pictures.size(); i += step) {
    MANTISSA_ASSIGN(Sample sample, pictures.load(i));
    const int width = tile_side(sample.input.width, task.size_multiple);
    const int height = tile_side(sample.input.height, task.size_multiple);
    const std::size_t fit = sample.input.pixels() / (static_cast<std::size_t>(width) * height);
    for (std::size_t t = 0; t < std::clamp<std::size_t>(of_each, 1, std::max<std::size_t>(2 * fit, 1)); ++t, ++tiles) {
      if (t > 0 && pictures.level_varies()) {
        MANTISSA_ASSIGN(sample, pictures.load(i, t));
      }
      const image::Rectangle place{choose(random, sample.input.width - width),
                                   choose(random, sample.input.height - height), width, height};
      const image::Picture tile = image::crop(sample.input, place);
      const bool decides = tiles % 2 == 1;
      std::vector<quant::Batch>& half = decides ? calibration.for_decisions : calibration.for_ranges;
      half.push_back(batch_of(tile, task, sample.level));
      std::optional<image::Picture> clean;
      if (pictures.adds_noise()) clean = image::crop(*sample.truth, place);
      const auto add = [&](std::vector<quant::Batch>& to, const auto& exaggerate) {
        to.push_back(batch_of(exaggerated(tile, clean, exaggerate), task, sample.level));
      };
      const Shares& shares = decides ? kExaggeratedForDecisions : kExaggeratedForRanges;
      if (tiles / 2 % shares.colours == 0 && tile.channels == 3)
        add(decides ? calibration.colours : half, [](const auto& p) { return image::exaggerate_colours(p, kColours); });
      if (tiles / 2 % shares.detail == 1)
        add(decides ? calibration.detail : half, [](const auto& p) { return image::exaggerate_detail(p, kDetail); });
    }
  }
  for (const std::optional<float> level : levels_for_flat(task))
    for (const float grey : {0.0F, 0.5F, 1.0F})
      calibration.for_ranges.push_back(batch_of(flat_picture(task, grey), task, level));
  // Detail of each direction and fineness.
  const int side = tile_side(kTileSide, task.size_multiple), channels = net::channels_of(task.colour);
  calibration.for_ranges.push_back(batch_of(image::zone_plate(side, channels, kContrast), task, middle_level(task)));
  for (const float grey : {0.0F, 1.0F})
    calibration.flat.push_back(batch_of(flat_picture(task, grey), task, middle_level(task)));
  if (calibration.for_decisions.empty())
    calibration.for_decisions = calibration.for_ranges;  // a single small picture serves both
  return calibration;
}

}  // namespace mantissa::release
