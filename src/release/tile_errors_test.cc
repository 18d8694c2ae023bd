#include "release/tile_errors.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "format/onnx.h"
#include "image/codec.h"
#include "run/test_networks.h"

namespace mantissa::release {
namespace {

// Noise that is brighter on one side, so that no tile has the mean of the whole.
void write_uneven(const std::filesystem::path& path, int width, int height) {
  image::Picture picture = run::random_picture(width, height, 3);
  for (int channel = 0; channel < 3; ++channel)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        picture.row(channel, y)[x] *= static_cast<float>(x + y) / static_cast<float>(width + height);
  ASSERT_TRUE(image::write_picture(path, picture).ok());
}

// Gains of the colours from the means of what the network makes, or of the picture itself.
net::Network network_with_means(bool of_picture) {
  net::Network network = run::small_network(3, 1);
  ir::Graph& graph = network.graph;
  const ir::ValueId local = graph.outputs.front();
  const ir::ValueId mean = graph.add("GlobalAveragePool", {of_picture ? graph.inputs.front() : local});
  const ir::ValueId out = graph.add("Mul", {local, graph.add("Sigmoid", {mean})});
  graph.value(out).format = base::NumberFormat::float32;
  graph.value(out).shape = run::picture_shape(3);
  graph.outputs = {out};
  network.graph = format::with_inferred_shapes(graph).value();
  network.task.radius.reset();
  return network;
}

class TileErrors : public testing::Test {
 protected:
  void SetUp() override {
    write_uneven(folder_ / "a.png", 200, 40);
    write_uneven(folder_ / "b.png", 100, 90);
    write_uneven(folder_ / "small.png", 60, 60);
  }
  std::vector<TileError> measured(const net::Network& network) {
    const auto pictures = PictureSet::open({folder_.path()}, {}, network.task, 1);
    EXPECT_TRUE(pictures.ok()) << pictures.error().message();
    const auto errors = measure_tile_errors(network, *pictures);
    EXPECT_TRUE(errors.ok()) << errors.error().message();
    return *errors;
  }
  base::TestFolder folder_;
};

TEST_F(TileErrors, AreMeasuredOnPicturesThatAreLargeEnough) {
  const std::vector<TileError> errors = measured(network_with_means(false));
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].tile, 64);
  EXPECT_EQ(errors[0].pictures, 2);
  EXPECT_EQ(errors[1].tile, 128);
  EXPECT_EQ(errors[1].pictures, 1);
  for (const TileError& error : errors) {
    EXPECT_GT(error.psnr, 15);
    EXPECT_LT(error.psnr, 70) << "the tiles cannot equal the whole";
    EXPECT_LE(error.worst_psnr, error.psnr);
  }
}

TEST_F(TileErrors, ThereAreNoneWhereTilesEqualTheWhole) {
  EXPECT_TRUE(measured(run::small_network(3, 1)).empty());
  EXPECT_TRUE(measured(network_with_means(true)).empty());
}

}  // namespace
}  // namespace mantissa::release
