// The architectures that no checkpoint is at hand for, against real PyTorch (tests/architectures_torch.py).
#include <set>

#include "base/test_folder.h"
#include "base/test_python.h"
#include "format/checkpoint.h"
#include "goldens.h"
#include "net/architecture.h"

namespace mantissa {
namespace {

TEST(ArchitecturesAndPyTorch, Agree) {
  MANTISSA_NEED_PROVIDER();
  const std::string python = base::python_with_torch();
  if (python.empty()) GTEST_SKIP() << "there is no PyTorch here to compare with";
  const base::TestFolder folder;
  ASSERT_EQ(std::system((python + " -B tests/architectures_torch.py '" + folder.path().string() + "'").c_str()), 0);
  std::set<std::string> known;
  for (const net::Architecture& each : net::architectures()) known.insert(std::string(each.name));
  for (const test::Golden& golden : test::goldens()) known.erase(golden.architecture);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".pth") continue;
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    const auto state = format::read_checkpoint(entry.path());
    ASSERT_TRUE(state.ok()) << state.error().message();
    const auto network = net::network_from_checkpoint(*state);
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_EQ(network->architecture, name.substr(0, name.find('.')));
    known.erase(network->architecture);
    for (const char* pair : {"0", "1"}) {
      const auto file = [&](const char* kind) {
        return test::read_npy(folder.path() / (name + "." + kind + "_" + pair + ".npy"));
      };
      EXPECT_LE(test::difference(file("out"), test::execute(network->graph, file("in"))), 1e-5) << pair;
    }
  }
  EXPECT_TRUE(known.empty()) << *known.begin() << " has neither a checkpoint nor a network in PyTorch";
}

}  // namespace
}  // namespace mantissa
