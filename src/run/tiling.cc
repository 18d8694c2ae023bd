#include "run/tiling.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace mantissa::run {

namespace {

// The engines take the same time for a pixel in tiles of 128 to 512 (SRVGGNetCompact: ONNX Runtime 8.1 to 9.4 us,
// OpenVINO 7.1 to 7.3 us), so what counts is how much neighbours compute twice. With 20 radii to a tile that is a
// fifth; memory sets the limit (64 channels need about 350 MB for a tile of 512, and 1.4 GB for one of 1024).
constexpr int kLeastDefaultTile = 256;
constexpr int kMostDefaultTile = 1024;
constexpr int kRadiiPerTile = 20;

// A network that sees everything needs all the context it can get, but tiles are to cost less than twice their pixels.
constexpr int kGlobalOverlaps = 8;
constexpr int kLeastGlobalOverlap = 4;
constexpr int kMostGlobalOverlap = 64;

// A row or a column of tiles.
struct Cut {
  int size = 0;                // of every tile
  std::vector<int> origins;    // rising
  std::vector<int> keep_from;  // one more than origins; tile i gives [keep_from[i], keep_from[i + 1])
  std::vector<int> fades;      // as many, even: half of fades[i] to each side of keep_from[i] is given by both

  [[nodiscard]] int from(std::size_t i) const { return keep_from[i] - fades[i] / 2; }
  [[nodiscard]] int to(std::size_t i) const { return keep_from[i + 1] + fades[i + 1] / 2; }
};

struct Grid {
  int multiple;  // sizes are multiples of it
  int stride;    // origins are
  int radius;
  int fade;  // of neighbours, at most
  // Sizes go down from the picture's in such steps: the last tile's origin is then on the stride, and every size a
  // multiple.
  [[nodiscard]] int size_step() const { return std::lcm(multiple, stride); }
  // How far the origins of two neighbours may lie apart: each has its radius in the other.
  [[nodiscard]] int reach(int size) const { return std::max(size - 2 * radius, 0) / stride * stride; }
};

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// The size of the tiles, all equal, when `length` takes `count` of them or more tiles of `largest`: as small as that
// count allows, so that the tiles share the overlap instead of leaving it all to the last.
int even_size(int length, int largest, int count, const Grid& grid) {
  int size = largest;
  for (int smaller = size - grid.size_step(); smaller > 0; smaller -= grid.size_step()) {
    if (static_cast<std::int64_t>(count - 1) * grid.reach(smaller) + smaller < length) break;
    size = smaller;
  }
  return size;
}

// No further than a tile's own part goes, so that no more than two give a pixel.
void set_fades(Cut& cut, int fade) {
  cut.fades.assign(cut.keep_from.size(), 0);
  for (std::size_t i = 1; i + 1 < cut.keep_from.size(); ++i) {
    const int before = cut.keep_from[i] - cut.keep_from[i - 1], behind = cut.keep_from[i + 1] - cut.keep_from[i];
    cut.fades[i] = std::min({fade, before, behind}) / 2 * 2;
  }
}

Result<Cut> cut(int length, int real_length, int largest, const Grid& grid) {
  if (length <= largest) return Cut{length, {0}, {0, real_length}, {0, 0}};
  const int step = grid.size_step();
  const int size = length - round_up(length - largest, step);
  if (size <= 0 || grid.reach(size) == 0) {
    const int least = 2 * grid.radius + grid.stride + step - 1;
    const std::string why =
        grid.fade > 0 ? "network, whose tiles overlap by " : "network, each of whose output pixels depends on ";
    return usage_error("tiles of " + std::to_string(largest) + " pixels are too small for this " + why +
                           std::to_string(grid.radius) + (grid.fade > 0 ? "" : " input") + " pixels to each side",
                       "Use a tile size of at least " + std::to_string(least));
  }
  const int count = 1 + (length - size + grid.reach(size) - 1) / grid.reach(size);

  Cut result;
  result.size = even_size(length, size, count, grid);
  const std::int64_t strides = (length - result.size) / grid.stride;  // exact: see size_step()
  for (int i = 0; i < count; ++i) result.origins.push_back(static_cast<int>(strides * i / (count - 1)) * grid.stride);
  result.keep_from.push_back(0);
  // In the middle of the overlap. What was only added to reach the multiple is not kept.
  for (int i = 1; i < count; ++i)
    result.keep_from.push_back(std::min((result.origins[i] + result.origins[i - 1] + result.size) / 2, real_length));
  result.keep_from.push_back(real_length);
  set_fades(result, grid.fade);
  return result;
}

}  // namespace

Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_size) {
  return plan_tiles(width, height, task, tile_size, tile_size);
}

Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_width, int tile_height) {
  if (width < 1 || height < 1) return bad_input("the picture has no pixels");
  const int overlap = task.radius.value_or(global_overlap(std::min(tile_width, tile_height)));
  const Grid grid{std::max(task.size_multiple, 1), std::max(task.stride, 1), overlap, task.radius ? 0 : overlap};
  TilePlan plan;
  plan.padded_width = round_up(width, grid.multiple);
  plan.padded_height = round_up(height, grid.multiple);
  MANTISSA_ASSIGN(const Cut columns, cut(plan.padded_width, width, tile_width, grid));
  MANTISSA_ASSIGN(const Cut rows, cut(plan.padded_height, height, tile_height, grid));
  plan.tile_width = columns.size;
  plan.tile_height = rows.size;
  for (std::size_t y = 0; y < rows.origins.size(); ++y) {
    for (std::size_t x = 0; x < columns.origins.size(); ++x) {
      const image::Rectangle keep{columns.from(x), rows.from(y), columns.to(x) - columns.from(x),
                                  rows.to(y) - rows.from(y)};
      if (keep.width > 0 && keep.height > 0)
        plan.tiles.push_back({{columns.origins[x], rows.origins[y], columns.size, rows.size},
                              keep,
                              columns.fades[x],
                              rows.fades[y],
                              columns.fades[x + 1],
                              rows.fades[y + 1]});
    }
  }
  return plan;
}

int global_overlap(int tile_size) {
  return std::clamp(tile_size / kGlobalOverlaps, kLeastGlobalOverlap, kMostGlobalOverlap);
}

int default_tile_size(const net::Task& task) {
  const int radius = task.radius.value_or(0);
  return std::clamp(kRadiiPerTile * radius, kLeastDefaultTile, std::max(kMostDefaultTile, 4 * radius));
}

}  // namespace mantissa::run
