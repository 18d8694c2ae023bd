// The geometry found from exported graphs, against what was measured on the authors' code
// and against what the graphs do.
#include <cmath>
#include <random>

#include "architectures_shared.h"
#include "net/architecture.h"
#include "net/geometry.h"

namespace mantissa {
namespace {

using test::Array;
using test::shared_folder;

struct Measured {
  const char* file;  // below the shared folder
  int scale;
  int radius;  // -1: global
  int stride;
  int size_multiple;
  double macs;  // of convolutions and constant matrices, per input pixel
};
const Measured kMeasured[] = {
    {"onnx/srvgg.onnx", 4, 18, 1, 1, 619200},
    {"onnx/dncnn.onnx", 1, 17, 1, 1, 554112},
    {"onnx/dncnn_bn.onnx", 1, 17, 1, 1, 554112},
    {"onnx/espcn_x2.onnx", 2, 4, 1, 1, 26688},
    {"onnx/espcn_x3.onnx", 3, 4, 1, 1, 31008},
    {"onnx/fsrcnn_x2.onnx", 2, 8, 1, 1, 24336},
    {"onnx/fsrcnn_x4.onnx", 4, 7, 1, 1, 24336},
    {"onnx/zerodce.onnx", 1, 7, 1, 1, 79200},
    {"onnx/span.onnx", 4, 21, 1, 1, 150052},
    {"onnx/ffdnet.onnx", 1, 25, 2, 2, 212760},
    {"models/onnx_subpixel/super_resolution.onnx", 3, 5, 1, 1, 59488},
    // Measured 43: the windows of its attention are taken as reaching equally far to both sides.
    {"onnx/mobilesr.onnx", 4, 48, 8, 1, 207600},
    // These resize a map to the size of the picture, pool all of it, or move it around in a circle.
    {"onnx/bsrn.onnx", 4, -1, 6, 1, 143879},
    {"onnx/efdn.onnx", 4, -1, 6, 1, 254657},
    {"onnx/rfdn.onnx", 4, -1, 6, 1, 412475},
    {"onnx/rlfn.onnx", 4, -1, 6, 1, 299935},
    {"onnx/iat.onnx", 1, -1, 4, 1, 21846},
    {"onnx/safmn_any.onnx", 4, -1, 1, 1, 234953},
    {"onnx/craft.onnx", 4, -1, 16, 16, 740737},
};

TEST(Geometry, OfExportedNetworksIsTheMeasuredOne) {
  MANTISSA_NEED(shared_folder());
  for (const Measured& measured : kMeasured) {
    SCOPED_TRACE(measured.file);
    const auto graph = format::read_onnx(shared_folder() / measured.file);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    const auto found = net::find_geometry(*graph);
    ASSERT_TRUE(found.ok()) << found.error().message();
    EXPECT_EQ(found->scale, measured.scale);
    EXPECT_EQ(found->radius.value_or(-1), measured.radius) << found->global_because;
    EXPECT_EQ(found->stride, measured.stride);
    EXPECT_EQ(found->size_multiple, measured.size_multiple);
    double macs = 0;
    for (const net::NodeCost& cost : net::costs(*graph)) macs += cost.macs_per_pixel;
    EXPECT_NEAR(macs, measured.macs, measured.macs * 1e-3);
  }
}

// One pixel changes: the output changes within the radius, and at no pixel beyond it.
TEST(Geometry, RadiusIsWhereAChangeEnds) {
  MANTISSA_NEED(shared_folder());
  MANTISSA_NEED_PROVIDER();
  for (const Measured& measured : kMeasured) {
    if (measured.radius < 0) continue;
    SCOPED_TRACE(measured.file);
    const auto graph = format::read_onnx(shared_folder() / measured.file);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    if (graph->inputs.size() != 1 || (*graph->value(graph->inputs[0]).shape)[2].size > 0) continue;
    const std::int64_t channels = (*graph->value(graph->inputs[0]).shape)[1].size;
    const std::int64_t side = 2 * measured.radius + 24;
    Array input{{1, channels, side, side}, std::vector<float>(static_cast<std::size_t>(channels * side * side))};
    std::mt19937 random(1);
    for (float& value : input.values) value = std::uniform_real_distribution<float>(0, 1)(random);
    const Array before = test::execute(*graph, input);
    const std::int64_t place = side / 2 + 1;
    for (std::int64_t c = 0; c < channels; ++c) {
      input.values[static_cast<std::size_t>((c * side + place) * side + place)] = NAN;
    }
    const Array after = test::execute(*graph, input);
    ASSERT_EQ(before.values.size(), after.values.size());
    std::int64_t farthest = 0;
    const std::int64_t width = side * measured.scale;
    for (std::size_t i = 0; i < before.values.size(); ++i) {
      if (before.values[i] == after.values[i]) continue;
      const auto at = static_cast<std::int64_t>(i);
      const std::int64_t x = at % width / measured.scale;
      const std::int64_t y = at / width % width / measured.scale;
      farthest = std::max({farthest, std::abs(x - place), std::abs(y - place)});
    }
    EXPECT_LE(farthest, measured.radius);
    EXPECT_GE(farthest, measured.radius - 8);
  }
}

TEST(NetworkFromGraph, KnowsExportedArchitectures) {
  MANTISSA_NEED(shared_folder());
  for (const auto& [file, architecture, colour] : {std::tuple{"srvgg", "SRVGGNetCompact", net::Colour::rgb},
                                                   {"dncnn", "DnCNN", net::Colour::luminance},
                                                   {"dncnn_bn", "", net::Colour::luminance},
                                                   {"espcn_x2", "ESPCN", net::Colour::ycbcr},
                                                   {"rfdn", "RFDN", net::Colour::rgb},
                                                   {"efdn", "EFDN", net::Colour::rgb},
                                                   {"fsrcnn_x4", "FSRCNN", net::Colour::ycbcr},
                                                   {"span", "SPAN", net::Colour::rgb},
                                                   {"bsrn", "", net::Colour::rgb}}) {
    SCOPED_TRACE(file);
    auto graph = format::read_onnx(shared_folder() / "onnx" / (std::string(file) + ".onnx"));
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    const auto network = net::network_from_graph(*std::move(graph));
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_EQ(network->architecture, architecture);
    EXPECT_EQ(network->task.colour, colour);
    const bool guessed = network->architecture.empty() || network->task.range_high != 1;
    EXPECT_EQ(network->task.assumed.empty(), !guessed);
    EXPECT_FALSE(network->checkpoint.tensors.empty());
  }
}

}  // namespace
}  // namespace mantissa
