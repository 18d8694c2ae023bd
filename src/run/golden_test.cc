// Real networks against outputs of their authors' own code.
#include <gtest/gtest.h>

#include <algorithm>

#include "format/network_file.h"
#include "format/onnx.h"
#include "run/shared_material.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

class Golden : public EveryProvider {};
INSTANTIATE_TEST_SUITE_P(All, Golden, EveryProvider::all(), EveryProvider::name_of);

// Of the output's range. ONNX Runtime meets what plain float32 needs; OpenVINO sums in another order.
float tolerance_of(const std::string& engine) { return engine == "onnxruntime-cpu" ? 1e-5F : 1e-4F; }

void check(const std::string& network, const std::string& engine, const std::string& onnx) {
  auto session = open(engine, std::string_view(onnx));
  ASSERT_TRUE(session.ok()) << session.error().message();
  for (const char* const pair : {"_0.npy", "_1.npy"}) {
    Array input = read_npy(shared_folder() / "golden" / network / (std::string("in") + pair));
    const Array golden = read_npy(shared_folder() / "golden" / network / (std::string("out") + pair));
    std::vector<std::int64_t> shape;
    const auto output = (*session)->run({input.shape, input.values.data()}, shape);
    ASSERT_TRUE(output.ok());
    EXPECT_EQ(shape, golden.shape);
    const auto [low, high] = std::minmax_element(golden.values.begin(), golden.values.end());
    EXPECT_LE(largest_difference(*output, golden.values), tolerance_of(engine) * (*high - *low)) << pair;
  }
}

TEST_P(Golden, Srvgg) {
  MANTISSA_NEEDS_SHARED("onnx/srvgg.onnx");
  check("srvgg", GetParam(), bytes_of_file(shared_folder() / "onnx/srvgg.onnx"));
}

TEST_P(Golden, Dncnn) {
  MANTISSA_NEEDS_SHARED("onnx/dncnn.onnx");
  check("dncnn", GetParam(), bytes_of_file(shared_folder() / "onnx/dncnn.onnx"));
}

TEST_P(Golden, Espcn) {
  MANTISSA_NEEDS_SHARED("onnx/espcn_x2.onnx");
  check("espcn_x2", GetParam(), bytes_of_file(shared_folder() / "onnx/espcn_x2.onnx"));
}

// The file is fixed to 224x224, and spells its DepthToSpace out.
TEST_P(Golden, SizesThatAFileFixesAreFreed) {
  MANTISSA_NEEDS_SHARED("models/onnx_subpixel/super_resolution.onnx");
  const auto network = format::read_network(shared_folder() / "models/onnx_subpixel/super_resolution.onnx");
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->task.assumed, std::vector<std::string>{"range 0..1"});
  const std::string onnx = format::onnx_bytes(network->graph).value();
  check("onnx_subpixel", GetParam(), onnx);
}

// Frozen TensorFlow graphs: channels last, PReLU spelled out, DepthToSpace in TensorFlow's order.
TEST_P(Golden, TensorFlow) {
  const std::pair<std::string, std::string> files[] = {
      {"tf_espcn_x2", "tf_espcn/ESPCN_x2"},
      {"tf_espcn_x3", "tf_espcn/ESPCN_x3"},
      {"tf_espcn_x4", "tf_espcn/ESPCN_x4"},
      {"tf_fsrcnn_small_x2", "tf_fsrcnn/FSRCNN-small_x2"},
      {"tf_fsrcnn_small_x3", "tf_fsrcnn/FSRCNN-small_x3"},
      {"tf_fsrcnn_small_x4", "tf_fsrcnn/FSRCNN-small_x4"},
      {"tf_fsrcnn_x2", "tf_fsrcnn/FSRCNN_x2"},
      {"tf_fsrcnn_x3", "tf_fsrcnn/FSRCNN_x3"},
      {"tf_fsrcnn_x4", "tf_fsrcnn/FSRCNN_x4"},
      {"tf_lapsrn_x2", "tf_lapsrn/LapSRN_x2"},
  };
  for (const auto& [golden, file] : files) {
    SCOPED_TRACE(file);
    MANTISSA_NEEDS_SHARED("models/" + file + ".pb");
    const auto network = format::read_network(shared_folder() / "models" / (file + ".pb"));
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_EQ(network->task.scale, golden.back() - '0');
    for (const ir::NodeId id : network->graph.nodes()) {
      const std::string& op = network->graph.node(id).op;
      EXPECT_TRUE(op != "Transpose" && op != "Abs") << network->graph.describe(id);
      EXPECT_TRUE(op != "Add" || golden == "tf_lapsrn_x2") << network->graph.describe(id);
    }
    check(golden, GetParam(), format::onnx_bytes(network->graph).value());
  }
}

// Told the level of noise, in two ways; the map of the second file has an element for every 2x2 pixels.
TEST_P(Golden, Ffdnet) {
  for (const char* const name : {"ffdnet", "ffdnet_map"}) {
    MANTISSA_NEEDS_SHARED(std::string("onnx/") + name + ".onnx");
    auto network = format::read_network(shared_folder() / "onnx" / (std::string(name) + ".onnx"));
    ASSERT_TRUE(network.ok()) << network.error().message();
    auto session = open(GetParam(), network->graph);
    ASSERT_TRUE(session.ok()) << session.error().message();
    Array input = read_npy(shared_folder() / "golden/ffdnet/in_0.npy");
    const Array golden = read_npy(shared_folder() / "golden/ffdnet/out_0.npy");
    ASSERT_TRUE(network->task.condition);
    (*session)->set_condition(network->task.condition->number_of(25), network->task.condition->step);
    std::vector<std::int64_t> shape;
    const auto output = (*session)->run({input.shape, input.values.data()}, shape);
    ASSERT_TRUE(output.ok()) << output.error().message();
    EXPECT_EQ(shape, golden.shape);
    EXPECT_LE(largest_difference(*output, golden.values), 10 * tolerance_of(GetParam())) << name;
  }
}

}  // namespace
}  // namespace mantissa::run
