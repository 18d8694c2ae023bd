// The architectures that no checkpoint is at hand for, against real PyTorch (tests/architectures_torch.py).
#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>
#include <set>

#include "base/test_folder.h"
#include "base/test_python.h"
#include "format/checkpoint.h"
#include "goldens.h"
#include "net/architecture.h"
#include "net/merge_branches.h"

namespace mantissa {
namespace {

constexpr int kLargestRadius = 64;  // of those that are worth the time

// Rows and columns `from` to the end.
test::Array part_of(const test::Array& picture, std::int64_t from) {
  test::Array part{picture.shape, {}};
  part.shape[2] -= from;
  part.shape[3] -= from;
  for (std::int64_t c = 0; c < part.shape[1]; ++c) {
    for (std::int64_t y = from; y < picture.shape[2]; ++y) {
      const auto row = picture.values.begin() + (c * picture.shape[2] + y) * picture.shape[3];
      part.values.insert(part.values.end(), row + from, row + picture.shape[3]);
    }
  }
  return part;
}

// A tile of a picture, cut off above and on the left at a place where tiles may begin, becomes what the whole picture
// has there, but for as many pixels at the cut as the receptive field reaches.
void expect_tiles_like_the_whole(const net::Network& network, std::optional<float> level) {
  const net::Task& task = network.task;
  if (!task.radius || *task.radius > kLargestRadius) return;
  const std::int64_t grid = std::lcm(task.stride, task.size_multiple);
  const std::int64_t cut = (*task.radius / grid + 1) * grid;
  const std::int64_t side = cut + *task.radius + 8 * grid / std::gcd(grid, 8) + (grid > 1 ? 0 : 3);
  const std::int64_t even = (side + task.size_multiple - 1) / task.size_multiple * task.size_multiple;
  const std::int64_t channels = net::channels_of(task.colour);
  test::Array input{{1, channels, even, even}, std::vector<float>(static_cast<std::size_t>(channels * even * even))};
  std::mt19937 random(1);
  for (float& value : input.values) value = std::uniform_real_distribution<float>(0, 1)(random);
  const test::Array whole = test::execute(network.graph, input, level);
  const test::Array tile = test::execute(network.graph, part_of(input, cut), level);
  const std::int64_t left = *task.radius * task.scale;
  EXPECT_LE(test::difference(part_of(whole, cut * task.scale + left), part_of(tile, left)), 1e-5);
}

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
    std::optional<float> level;
    if (std::ifstream told(folder.path() / (name + ".level")); told) told >> level.emplace();
    EXPECT_EQ(network->task.condition.has_value(), level.has_value());
    EXPECT_EQ(network->architecture, name.substr(0, name.find('.')));
    const auto merged = net::merge_branches(*state);
    ASSERT_TRUE(merged.ok()) << merged.error().message();
    const auto claims = [&](const net::Architecture& each) { return each.recognises(*merged); };
    EXPECT_EQ(std::count_if(net::architectures().begin(), net::architectures().end(), claims), 1);
    expect_tiles_like_the_whole(*network, level);
    known.erase(network->architecture);
    for (const char* pair : {"0", "1", "2"}) {
      const auto file = [&](const char* kind) {
        return test::read_npy(folder.path() / (name + "." + kind + "_" + pair + ".npy"));
      };
      EXPECT_LE(test::difference(file("out"), test::execute(network->graph, file("in"), level)), 1e-5) << pair;
    }
  }
  EXPECT_TRUE(known.empty()) << *known.begin() << " has neither a checkpoint nor a network in PyTorch";
}

}  // namespace
}  // namespace mantissa
