// Every architecture against the outputs that its authors' code gives,
// and against a plain forward pass written out here.
#include <algorithm>
#include <cmath>
#include <set>

#include "format/checkpoint.h"
#include "goldens.h"
#include "net/architecture.h"
#include "net/geometry.h"
#include "net/test_states.h"

namespace mantissa {
namespace {

using net::test::States;
using test::Array;
using test::difference;
using test::execute;
using test::shared_folder;

class Goldens : public testing::TestWithParam<test::Golden> {};

TEST_P(Goldens, AreReproduced) {
  const test::Golden& golden = GetParam();
  MANTISSA_NEED(shared_folder());
  MANTISSA_NEED_PROVIDER();
  const auto network = test::network_of(golden);
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_LE(test::largest_error(golden, *network), golden.tolerance);
}

TEST_P(Goldens, HaveTheTaskThatWasMeasured) {
  const test::Golden& golden = GetParam();
  MANTISSA_NEED(shared_folder());
  const auto network = test::network_of(golden);
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->architecture, golden.architecture);
  EXPECT_EQ(network->task.colour, golden.colour);
  EXPECT_EQ(network->task.scale, golden.scale);
  EXPECT_EQ(network->task.radius.value_or(-1), golden.radius);
  EXPECT_EQ(network->task.stride, golden.stride);
  EXPECT_EQ(network->task.size_multiple, golden.size_multiple);
  EXPECT_EQ(network->task.range_low, golden.range_low);
  EXPECT_EQ(network->task.range_high, golden.range_high);
  EXPECT_EQ(network->task.assumed.size(), golden.range_told ? 1U : 0U);
  double macs = 0;
  for (const net::NodeCost& cost : net::costs(network->graph)) macs += cost.macs_per_pixel;
  EXPECT_NEAR(macs, golden.macs, golden.macs * 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Architectures, Goldens, testing::ValuesIn(test::goldens().begin(), test::goldens().end()),
                         [](const auto& each) { return std::string(each.param.name); });

// Every checkpoint is one of them, or refused.
TEST(Architectures, ClaimNoOtherCheckpoint) {
  MANTISSA_NEED(shared_folder());
  std::set<std::string> known{"espcn/ESPCN_x3_training_ckpt.pt"};
  for (const test::Golden& golden : test::goldens()) known.insert(golden.checkpoint);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared_folder() / "models")) {
    const auto extension = entry.path().extension();
    if (extension != ".pth" && extension != ".pt") continue;
    const auto name = std::filesystem::relative(entry.path(), shared_folder() / "models").string();
    if (known.erase(name) == 1) continue;
    const auto state = format::read_checkpoint(entry.path());
    ASSERT_TRUE(state.ok()) << state.error().message();
    const auto network = net::network_from_checkpoint(*state);
    ASSERT_FALSE(network.ok()) << name << " is taken for " << network->architecture;
    EXPECT_NE(network.error().message().find("the nearest is "), std::string::npos) << network.error().message();
  }
  EXPECT_TRUE(known.empty()) << *known.begin();
}

// --- a forward pass as torch defines its layers, in double ---

struct Reference {
  const ir::StateDict& state;
  std::size_t height;
  std::size_t width;

  using Planes = std::vector<std::vector<double>>;

  [[nodiscard]] std::vector<float> parameter(const std::string& key) const {
    const ir::Tensor* tensor = state.find(key);
    return tensor ? *tensor->floats() : std::vector<float>{};
  }

  [[nodiscard]] Planes conv(const Planes& in, const std::string& layer) const {
    const auto shape = state.find(layer + ".weight")->shape;
    const std::vector<float> weight = parameter(layer + ".weight");
    const std::vector<float> bias = parameter(layer + ".bias");
    const auto kernel = static_cast<std::size_t>(shape[2]);
    Planes out(static_cast<std::size_t>(shape[0]), std::vector<double>(height * width));
    for (std::size_t o = 0; o < out.size(); ++o) {
      for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
          double sum = bias.empty() ? 0 : bias[o];
          for (std::size_t c = 0; c < in.size(); ++c) {
            for (std::size_t k = 0; k < kernel * kernel; ++k) {
              const std::size_t from_y = y + k / kernel - kernel / 2;  // below 0 wraps to a large number
              const std::size_t from_x = x + k % kernel - kernel / 2;
              if (from_y >= height || from_x >= width) continue;
              sum += in[c][from_y * width + from_x] * weight[(o * in.size() + c) * kernel * kernel + k];
            }
          }
          out[o][y * width + x] = sum;
        }
      }
    }
    return out;
  }

  template <class Function>
  static void each(Planes& planes, Function function) {
    for (std::size_t c = 0; c < planes.size(); ++c) {
      for (double& value : planes[c]) value = function(value, c);
    }
  }

  // torch.nn.PixelShuffle, plus `base` enlarged by repeating pixels where it is given; as an array.
  [[nodiscard]] Array shuffled(const Planes& planes, std::size_t scale, const Planes* base) const {
    const std::size_t channels = planes.size() / (scale * scale);
    Array out{{1, static_cast<std::int64_t>(channels), static_cast<std::int64_t>(height * scale),
               static_cast<std::int64_t>(width * scale)},
              {}};
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t y = 0; y < height * scale; ++y) {
        for (std::size_t x = 0; x < width * scale; ++x) {
          const std::size_t pixel = y / scale * width + x / scale;
          const double sum =
              planes[(c * scale + y % scale) * scale + x % scale][pixel] + (base ? (*base)[c][pixel] : 0);
          out.values.push_back(static_cast<float>(sum));
        }
      }
    }
    return out;
  }

  [[nodiscard]] Array srvgg(const Planes& in, int convolutions, std::size_t scale, bool prelu) const {
    Planes x = in;
    const int last = 2 * convolutions + 2;
    for (int i = 0; i <= last; i += 2) {
      x = conv(x, "body." + std::to_string(i));
      if (i == last) break;
      const auto slope = parameter("body." + std::to_string(i + 1) + ".weight");
      each(x, [&](double v, std::size_t c) { return v > 0 ? v : prelu ? v * slope[c] : 0; });
    }
    return shuffled(x, scale, &in);
  }

  [[nodiscard]] Array dncnn(const Planes& in, const std::string& root, int depth, bool norm, double epsilon) const {
    Planes x = in;
    int index = 0;
    for (int i = 0; i < depth; ++i) {
      x = conv(x, root + "." + std::to_string(index++));
      if (i + 1 == depth) break;
      if (norm && i > 0) {
        const std::string layer = root + "." + std::to_string(index++);
        const auto gamma = parameter(layer + ".weight");
        const auto beta = parameter(layer + ".bias");
        const auto mean = parameter(layer + ".running_mean");
        const auto variance = parameter(layer + ".running_var");
        each(x, [&](double v, std::size_t c) {
          return (v - mean[c]) / std::sqrt(variance[c] + epsilon) * gamma[c] + beta[c];
        });
      }
      each(x, [](double v, std::size_t) { return std::max(v, 0.0); });
      ++index;
    }
    for (std::size_t c = 0; c < x.size(); ++c) {
      for (std::size_t i = 0; i < x[c].size(); ++i) x[c][i] = in[c][i] - x[c][i];
    }
    return shuffled(x, 1, nullptr);
  }

  [[nodiscard]] Array espcn(const Planes& in, std::size_t scale) const {
    Planes x = conv(in, "conv_1");
    each(x, [](double v, std::size_t) { return std::tanh(v); });
    x = conv(x, "conv_2");
    each(x, [](double v, std::size_t) { return std::tanh(v); });
    x = conv(x, "conv_3");
    each(x, [](double v, std::size_t) { return std::clamp(v, 0.0, 1.0); });
    return shuffled(x, scale, nullptr);
  }
};

// Builds the network of `state`, runs it on a random picture,
// and compares with what `reference` makes of the same picture.
template <class Forward>
void expect_like_reference(const ir::StateDict& state, std::int64_t channels, Forward forward) {
  for (const auto& [height, width] : {std::pair<std::size_t, std::size_t>{6, 8}, {7, 5}}) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(0, 1);
    Array input{{1, channels, static_cast<std::int64_t>(height), static_cast<std::int64_t>(width)}, {}};
    Reference::Planes planes(static_cast<std::size_t>(channels));
    for (auto& plane : planes) {
      for (std::size_t i = 0; i < height * width; ++i) plane.push_back(input.values.emplace_back(uniform(random)));
    }
    const auto network = net::network_from_checkpoint(state);
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_LE(difference(forward(Reference{state, height, width}, planes), execute(network->graph, input)), 1e-5);
  }
}

TEST(Architectures, OfOtherSizesRunAsTheirAuthorsWroteThem) {
  MANTISSA_NEED_PROVIDER();
  States states(7);
  for (const auto& [channels, features, convolutions, scale] : {std::tuple{3, 8, 3, 2}, {1, 5, 0, 3}, {3, 4, 1, 1}}) {
    for (const bool prelu : {true, false}) {
      expect_like_reference(states.srvgg(channels, features, convolutions, scale, prelu), channels,
                            [&](const Reference& r, const auto& in) {
                              return r.srvgg(in, convolutions, static_cast<std::size_t>(scale), prelu);
                            });
    }
  }
  for (const auto& [root, channels, depth, norm, epsilon] : {std::tuple{"model", 3, 5, false, 0.0},
                                                             {"model", 1, 4, true, 1e-4},
                                                             {"dncnn", 1, 5, true, 1e-5},
                                                             {"model", 3, 2, false, 0.0}}) {
    expect_like_reference(states.dncnn(root, channels, 6, depth, norm), channels,
                          [&](const Reference& r, const auto& in) { return r.dncnn(in, root, depth, norm, epsilon); });
  }
  for (const auto& [channels, scale] : {std::pair{1, 2}, {3, 3}}) {
    expect_like_reference(states.espcn(channels, 8, scale), channels, [&](const Reference& r, const auto& in) {
      return r.espcn(in, static_cast<std::size_t>(scale));
    });
  }
}

}  // namespace
}  // namespace mantissa
