// The reader of frozen TensorFlow graphs, operator by operator, against real TensorFlow (tests/tensorflow_graphs.py).
#include "architectures_shared.h"
#include "base/test_folder.h"
#include "base/test_python.h"
#include "format/network_file.h"
#include "goldens.h"

namespace mantissa {
namespace {

TEST(TensorFlowGraphs, Agree) {
  MANTISSA_NEED_PROVIDER();
  const std::string python = base::python_with("tensorflow");
  if (python.empty()) GTEST_SKIP() << "there is no TensorFlow here to compare with";
  const base::TestFolder folder;
  ASSERT_EQ(std::system((python + " -B tests/tensorflow_graphs.py '" + folder.path().string() + "'").c_str()), 0);
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".pb") continue;
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    const auto network = format::read_network(entry.path());
    if (!network.ok()) {
      ADD_FAILURE() << network.error().message();
      continue;
    }
    for (const ir::NodeId id : network->graph.nodes()) EXPECT_NE(network->graph.node(id).op, "Transpose");
    for (const char* picture : {"0", "1", "2"}) {
      const auto file = [&](const char* kind) {
        return test::read_npy(folder.path() / (name + "." + kind + "_" + picture + ".npy"));
      };
      // 1e-5 is what plain float32 needs in the goldens; the farthest here are 5e-6 (normalization in the weights) and
      // 2e-6 (places between pixels, by thirds).
      EXPECT_LE(test::difference(file("out"), test::execute(network->graph, file("in"))), 1e-5) << picture;
    }
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace mantissa
