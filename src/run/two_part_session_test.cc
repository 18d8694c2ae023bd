#include "run/two_part_session.h"

#include <gtest/gtest.h>

#include "format/network_file.h"
#include "pass/flush_tiny_weights.h"
#include "run/choose_tiles.h"
#include "run/memory_picture.h"
#include "run/restore.h"
#include "run/shared_material.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

using image::Picture;

class InTwoParts : public EveryProvider {};
INSTANTIATE_TEST_SUITE_P(All, InTwoParts, EveryProvider::all(), EveryProvider::name_of);

Result<std::unique_ptr<Session>> open_in_two_parts(const std::string& engine, const net::Network& network) {
  MANTISSA_ASSIGN(auto whole, open(engine, network.graph));
  return std::unique_ptr<Session>(std::make_unique<TwoPartSession>(
      std::move(whole), network.task, [&network] { return format::with_inferred_shapes(network.graph); },
      [engine](std::span<const std::byte> onnx) {
        return open(engine, std::string_view(reinterpret_cast<const char*>(onnx.data()), onnx.size()));
      }));
}

// Local features, and gains of the colours from means over the whole picture.
net::Network network_with_branch() {
  net::Network network = small_network(3, 2, 2);
  ir::Graph& graph = network.graph;
  const ir::ValueId local = graph.outputs.front();
  const auto weight = graph.add_constant("gain.weight", random_weights({3, 3, 1, 1}, 2.0F, 5));
  const ir::ValueId mean = graph.add("GlobalAveragePool", {graph.inputs.front()});
  const ir::ValueId gains = graph.add("Sigmoid", {graph.add("Conv", {mean, weight})});
  const ir::ValueId out = graph.add("Mul", {local, gains});
  graph.value(out).format = base::NumberFormat::float32;
  graph.value(out).shape = picture_shape(3);
  graph.outputs = {out};
  network.task.radius.reset();
  return network;
}

// Dark on one side, bright on the other, so that no tile has the mean of the whole.
Picture uneven_picture(int width, int height, int channels = 3) {
  Picture picture = random_picture(width, height, channels);
  for (int channel = 0; channel < channels; ++channel)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        picture.row(channel, y)[x] *= static_cast<float>(x + y) / static_cast<float>(width + height);
  return picture;
}

// fp32: engines add in another order for another width, as in restore_test.cc.
TEST_P(InTwoParts, TilesGiveTheSameAsTheWhole) {
  const net::Network network = network_with_branch();
  const auto session = open_in_two_parts(GetParam(), network);
  const auto plain = open(GetParam(), network.graph);
  ASSERT_TRUE(session.ok() && plain.ok());
  for (const auto& [width, height] : {std::pair{201, 133}, {64, 301}, {300, 31}}) {
    const Picture picture = uneven_picture(width, height);
    const auto whole = restore(**plain, network.task, picture, {.tile_size = 400});
    const auto tiled = restore(**session, network.task, picture, {.tile_size = 48});
    const auto faded = restore(**plain, network.task, picture, {.tile_size = 48});
    ASSERT_TRUE(whole.ok() && tiled.ok() && faded.ok());
    EXPECT_LT(largest_difference(whole->samples, tiled->samples), 1e-5F) << width << "x" << height;
    EXPECT_GT(largest_difference(whole->samples, faded->samples), 1e-2F) << "or the test shows nothing";
  }
}

// What is told of faded tiles is not told of these.
TEST_P(InTwoParts, NoAgreementIsCountedAndAlphaHasItsOwnNumbers) {
  const net::Network network = network_with_branch();
  const auto session = open_in_two_parts(GetParam(), network);
  ASSERT_TRUE(session.ok());
  const Picture picture = uneven_picture(150, 90, 4);
  class WithAlpha : public MemoryReader {
   public:
    explicit WithAlpha(const Picture& picture) : MemoryReader(picture), info_(MemoryReader::info()) {
      info_.channels = 3;
      info_.has_alpha = true;
    }
    [[nodiscard]] const image::PictureInfo& info() const override { return info_; }

   private:
    image::PictureInfo info_;
  };
  std::vector<Picture> results;
  for (const int tile : {400, 48}) {
    WithAlpha reader(picture);
    MemoryWriter writer(300, 180, 4);
    const auto done = restore(**session, network.task, reader, writer, {.tile_size = tile, .restore_alpha = true}, {});
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_FALSE(done->agreement);
    EXPECT_FALSE(done->tile_error);
    results.push_back(writer.take());
  }
  EXPECT_LT(largest_difference(results[0].samples, results[1].samples), 1e-5F);
}

TEST(TwoPartTiles, FadeOnlyWhereTheBranchDoesNotFitEither) {
  TwoParts parts;
  parts.task.radius = 10;
  parts.task.bytes_per_pixel = 700;
  parts.branch_bytes_per_pixel = 100;
  image::PictureInfo info;
  info.width = 3000, info.height = 2000, info.channels = 3;
  const auto fits = choose_tiles(info, parts, {.memory = 2'000'000'000});
  ASSERT_TRUE(fits.ok() && *fits);
  EXPECT_GT((*fits)->tiles.size(), 1U);
  EXPECT_EQ((*fits)->tiles.front().fade_left, 0);
  const auto too_much = choose_tiles(info, parts, {.memory = 1'000'000'000});
  ASSERT_TRUE(too_much.ok());
  EXPECT_FALSE(*too_much);
}

// A real one, on a real picture: IAT, whose matrix of colours and gamma come from the whole picture. The bound is that
// of the goldens, for a network whose outputs lie in 0..1.
TEST_P(InTwoParts, IatInTilesIsIatWhole) {
  for (const char* const file : {"models/iat/best_Epoch_lol.pth", "onnx/iat.onnx"}) {
    MANTISSA_NEEDS_SHARED(file);
    MANTISSA_NEEDS_SHARED("golden/iat/in_0.npy");
    auto network = format::read_network(shared_folder() / file);
    ASSERT_TRUE(network.ok()) << network.error().message();
    ASSERT_TRUE(pass::flush_tiny_weights(network->graph).ok());  // as whoever opens a network does
    const auto session = open_in_two_parts(GetParam(), *network);
    ASSERT_TRUE(session.ok()) << session.error().message();
    const auto parts = (*session)->two_parts();
    ASSERT_TRUE(parts.ok()) << parts.error().message();
    ASSERT_NE(*parts, nullptr) << file;
    const Picture picture = uneven_picture(120, 90);
    const auto whole = restore(**session, network->task, picture, {.tile_size = 400});
    const auto tiled = restore(**session, network->task, picture, {.tile_size = 64});
    ASSERT_TRUE(whole.ok() && tiled.ok());
    EXPECT_LT(largest_difference(whole->samples, tiled->samples), 1e-4F) << file;
  }
}

}  // namespace
}  // namespace mantissa::run
