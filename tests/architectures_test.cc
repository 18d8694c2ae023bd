// Every architecture against the outputs that its authors' code gives,
// and against a plain forward pass written out here.
#include <algorithm>
#include <cmath>
#include <ostream>

#include "architectures_shared.h"
#include "format/checkpoint.h"
#include "net/architecture.h"
#include "net/geometry.h"
#include "net/test_states.h"

namespace mantissa {
namespace {

using net::test::States;
using test::Array;
using test::execute;
using test::shared_folder;

// The largest difference, as a fraction of the range of what is expected.
double difference(const Array& expected, const Array& found) {
  if (expected.shape != found.shape || expected.values.empty()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const double each = std::abs(double{expected.values[i]} - found.values[i]);
    largest = std::isfinite(each) ? std::max(largest, each) : INFINITY;
  }
  const auto [low, high] = std::minmax_element(expected.values.begin(), expected.values.end());
  return largest / (double{*high} - *low);
}

struct Golden {
  const char* name;  // the folder under golden/
  const char* checkpoint;
  const char* architecture;
  net::Colour colour;
  int scale;
  int radius;
  double macs;
};
void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

const Golden kGoldens[] = {
    {"srvgg", "srvgg_animevideov3/realesr-animevideov3.pth", "SRVGGNetCompact", net::Colour::rgb, 4, 18, 619200},
    {"dncnn", "dncnn/dncnn_25.pth", "DnCNN", net::Colour::luminance, 1, 17, 554112},
    {"dncnn_bn", "dncnn_bn/DnCNN-S-25_net.pth", "DnCNN", net::Colour::luminance, 1, 17, 554112},
    {"espcn_x2", "espcn/ESPCN_x2.pt", "ESPCN", net::Colour::ycbcr, 2, 4, 26688},
    {"espcn_x3", "espcn/ESPCN_x3.pt", "ESPCN", net::Colour::ycbcr, 3, 4, 31008},
    {"espcn_x4", "espcn/ESPCN_x4.pt", "ESPCN", net::Colour::ycbcr, 4, 4, 37056},
};

Result<net::Network> network_of(const std::filesystem::path& checkpoint) {
  MANTISSA_ASSIGN(ir::StateDict state, format::read_checkpoint(checkpoint));
  return net::network_from_checkpoint(std::move(state));
}

class Goldens : public testing::TestWithParam<Golden> {};

TEST_P(Goldens, AreReproduced) {
  const Golden& golden = GetParam();
  MANTISSA_NEED(shared_folder());
  MANTISSA_NEED_PROVIDER();
  const auto network = network_of(shared_folder() / "models" / golden.checkpoint);
  ASSERT_TRUE(network.ok()) << network.error().message();
  for (const char* pair : {"0", "1"}) {
    const auto folder = shared_folder() / "golden" / golden.name;
    const Array expected = test::read_npy(folder / ("out_" + std::string(pair) + ".npy"));
    const Array found = execute(network->graph, test::read_npy(folder / ("in_" + std::string(pair) + ".npy")));
    EXPECT_LE(difference(expected, found), 1e-5) << pair;
  }
}

TEST_P(Goldens, HaveTheTaskThatWasMeasured) {
  const Golden& golden = GetParam();
  MANTISSA_NEED(shared_folder());
  const auto network = network_of(shared_folder() / "models" / golden.checkpoint);
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->architecture, golden.architecture);
  EXPECT_EQ(network->task.colour, golden.colour);
  EXPECT_EQ(network->task.scale, golden.scale);
  EXPECT_EQ(network->task.radius, golden.radius);
  EXPECT_EQ(network->task.stride, 1);
  EXPECT_EQ(network->task.size_multiple, 1);
  EXPECT_TRUE(network->task.assumed.empty());
  double macs = 0;
  for (const net::NodeCost& cost : net::costs(network->graph)) macs += cost.macs_per_pixel;
  EXPECT_DOUBLE_EQ(macs, golden.macs);
}

INSTANTIATE_TEST_SUITE_P(Architectures, Goldens, testing::ValuesIn(kGoldens),
                         [](const auto& each) { return std::string(each.param.name); });

// Over all checkpoints: claimed by exactly the architecture that it is, or refused by every one.
TEST(Architectures, ClaimNoOtherCheckpoint) {
  MANTISSA_NEED(shared_folder());
  int seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared_folder() / "models")) {
    const auto extension = entry.path().extension();
    if (extension != ".pth" && extension != ".pt") continue;
    ++seen;
    SCOPED_TRACE(entry.path().filename());
    const auto name = std::filesystem::relative(entry.path(), shared_folder() / "models").string();
    const auto golden =
        std::find_if(std::begin(kGoldens), std::end(kGoldens), [&](const Golden& g) { return g.checkpoint == name; });
    const auto network = network_of(entry.path());
    if (golden != std::end(kGoldens) || name == "espcn/ESPCN_x3_training_ckpt.pt") {
      EXPECT_TRUE(network.ok());
      continue;
    }
    ASSERT_FALSE(network.ok()) << network->architecture;
    EXPECT_EQ(network.error().code, ErrorCode::bad_input) << network.error().message();
    EXPECT_NE(network.error().message().find("the nearest is "), std::string::npos) << network.error().message();
  }
  EXPECT_GE(seen, 19);
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
