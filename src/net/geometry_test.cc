#include "net/geometry.h"

#include <gtest/gtest.h>

#include "net/geometry/rational.h"

namespace mantissa::net {
namespace {

using Integers = std::vector<std::int64_t>;
using Attributes = std::map<std::string, ir::Attribute, std::less<>>;

// A graph under construction; every helper continues from a value.
struct Sketch {
  ir::Graph graph;
  ir::ValueId x;

  explicit Sketch(std::int64_t channels = 4, std::int64_t size = -1) {
    x = graph.add_input("x", base::NumberFormat::float32, {{-1, ""}, {channels, ""}, {size, ""}, {size, ""}});
  }
  ir::ValueId integers(Integers values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return graph.add_constant("", ir::Tensor::of_integers({count}, std::move(values)));
  }
  ir::ValueId scalar(std::int64_t value) { return graph.add_constant("", ir::Tensor::of_integers({}, {value})); }
  ir::ValueId floats(std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return graph.add_constant("", ir::Tensor::of_floats({count}, std::move(values)));
  }
  ir::ValueId weights(Integers shape) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    return graph.add_constant("", ir::Tensor::of_floats(std::move(shape), std::vector<float>(count, 1.0F)));
  }
  ir::ValueId conv(ir::ValueId in, std::int64_t from, std::int64_t to, std::int64_t kernel, std::int64_t stride = 1,
                   std::int64_t pad = -1, std::int64_t dilation = 1) {
    if (pad < 0) pad = kernel / 2 * dilation;
    return graph.add(
        "Conv", {in, weights({to, from, kernel, kernel})},
        {{"pads", Integers(4, pad)}, {"strides", Integers(2, stride)}, {"dilations", Integers(2, dilation)}});
  }
  ir::ValueId conv_transpose(ir::ValueId in, std::int64_t from, std::int64_t to, std::int64_t kernel,
                             std::int64_t stride, std::int64_t pad, std::int64_t extra = 0) {
    return graph.add(
        "ConvTranspose", {in, weights({from, to, kernel, kernel})},
        {{"pads", Integers(4, pad)}, {"strides", Integers(2, stride)}, {"output_padding", Integers(2, extra)}});
  }
  ir::ValueId resize(ir::ValueId in, float factor, const char* mode, const char* place, Attributes more = {}) {
    more.emplace("mode", std::string(mode));
    more.emplace("coordinate_transformation_mode", std::string(place));
    return graph.add("Resize", {in, ir::kNoValue, floats({1, 1, factor, factor})}, more);
  }
  Result<Geometry> of(ir::ValueId out) {
    graph.outputs = {out};
    return find_geometry(graph);
  }
};

void expect(const Result<Geometry>& found, int scale, std::optional<int> radius, int stride = 1, int multiple = 1) {
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->scale, scale);
  EXPECT_EQ(found->radius, radius) << found->global_because;
  EXPECT_EQ(found->stride, stride);
  EXPECT_EQ(found->size_multiple, multiple);
  EXPECT_EQ(found->global_because.empty(), found->radius.has_value());
}

TEST(Rational, IsExactUntilItOverflows) {
  EXPECT_EQ(Rational(2, 4), Rational(1, 2));
  EXPECT_EQ(Rational(1, -2), Rational(-1, 2));
  EXPECT_EQ(Rational(1, 3) + Rational(1, 6), Rational(1, 2));
  EXPECT_EQ(Rational(-7, 2).floor(), -4);
  EXPECT_EQ(Rational(-7, 2).ceil(), -3);
  EXPECT_EQ(Rational(6, 2).ceil(), 3);
  EXPECT_TRUE((Rational(std::int64_t{1} << 39) * Rational(4)).overflowed());
  EXPECT_TRUE((Rational(1) / Rational(0)).overflowed());
  EXPECT_TRUE((Rational(1) / Rational(0) + 1).overflowed());
}

TEST(Geometry, OfConvolutions) {
  Sketch a;
  expect(a.of(a.conv(a.x, 4, 4, 3)), 1, 1);
  Sketch b;
  expect(b.of(b.conv(b.conv(b.x, 4, 4, 5), 4, 4, 3)), 1, 3);
  Sketch c;
  expect(c.of(c.conv(c.x, 4, 4, 3, 1, -1, 4)), 1, 4);
  Sketch d;
  expect(d.of(d.graph.add("Relu", {d.x})), 1, 0);
}

TEST(Geometry, TakesTheLargestOfSeveralPaths) {
  Sketch s;
  const auto narrow = s.conv(s.x, 4, 4, 3);
  const auto wide = s.conv(s.x, 4, 4, 7);
  expect(s.of(s.graph.add("Concat", {narrow, s.graph.add("Add", {s.x, wide})}, {{"axis", std::int64_t{1}}})), 1, 3);
}

TEST(Geometry, OfEnlargement) {
  Sketch shuffle;
  expect(shuffle.of(
             shuffle.graph.add("DepthToSpace", {shuffle.conv(shuffle.x, 4, 12, 3)}, {{"blocksize", std::int64_t{2}}})),
         2, 1);
  Sketch after;  // a convolution on the fine grid reaches into the next pixel
  const auto fine = after.graph.add("DepthToSpace", {after.x}, {{"blocksize", std::int64_t{2}}});
  expect(after.of(after.conv(fine, 1, 1, 3)), 2, 1);
  Sketch two;  // FSRCNN's last layer: kernel 9
  expect(two.of(two.conv_transpose(two.x, 4, 3, 9, 2, 4, 1)), 2, 2);
  Sketch four;
  expect(four.of(four.conv_transpose(four.x, 4, 3, 9, 4, 4, 3)), 4, 1);
}

TEST(Geometry, OfResize) {
  const auto of = [](float factor, const char* mode, const char* place, Attributes more = {}) {
    Sketch s;
    return s.of(s.resize(s.x, factor, mode, place, std::move(more)));
  };
  expect(of(4, "nearest", "asymmetric", {{"nearest_mode", std::string("floor")}}), 4, 0);
  expect(of(2, "nearest", "half_pixel"), 2, 0);
  expect(of(2, "linear", "half_pixel"), 2, 1);
  expect(of(4, "linear", "asymmetric"), 4, 1);
  expect(of(2, "cubic", "half_pixel"), 2, 2);
  expect(of(2, "linear", "align_corners"), 2, std::nullopt);
  EXPECT_FALSE(of(1.5F, "linear", "half_pixel").ok());
  EXPECT_FALSE(of(0.5F, "linear", "half_pixel").ok());
}

TEST(Geometry, OfADetourOverACoarseGrid) {
  Sketch s;  // down by 2, up by 2, and the input added: only for even sizes
  const auto low = s.conv(s.x, 4, 4, 3, 2);
  const auto up = s.resize(low, 2, "nearest", "asymmetric", {{"nearest_mode", std::string("floor")}});
  expect(s.of(s.graph.add("Add", {s.x, up})), 1, 2, 2, 2);
  Sketch u;  // two levels
  const auto half = u.conv(u.x, 4, 4, 2, 2, 0);
  const auto quarter = u.conv(half, 4, 4, 2, 2, 0);
  const auto back = u.graph.add("Add", {half, u.conv_transpose(quarter, 4, 4, 2, 2, 0)});
  expect(u.of(u.conv_transpose(back, 4, 4, 2, 2, 0)), 1, 3, 4, 4);
}

TEST(Geometry, OfSpaceToDepth) {
  Sketch s;
  const auto deep = s.graph.add("SpaceToDepth", {s.x}, {{"blocksize", std::int64_t{2}}});
  expect(s.of(s.graph.add("DepthToSpace", {s.conv(deep, 16, 16, 3)}, {{"blocksize", std::int64_t{2}}})), 1, 3, 2, 2);
}

TEST(Geometry, OfPixelShuffleByReshape) {
  Sketch s(4);
  const auto split = s.graph.add("Reshape", {s.conv(s.x, 4, 12, 3), s.integers({0, 3, 2, 2, -1, 7})});
  EXPECT_FALSE(s.of(split).ok());  // a width that is fixed at 7
  Sketch t(4, 32);
  const auto parts = t.graph.add("Reshape", {t.conv(t.x, 4, 12, 3), t.integers({-1, 3, 2, 2, 32, 32})});
  const auto turned = t.graph.add("Transpose", {parts}, {{"perm", Integers{0, 1, 4, 2, 5, 3}}});
  expect(t.of(t.graph.add("Reshape", {turned, t.integers({-1, 3, 64, 64})})), 2, 1);
}

// Windows of 8 x 8 whose sizes come from Shape, mixed inside by a matrix product of values.
TEST(Geometry, OfWindowAttention) {
  Sketch s(4);
  ir::Graph& g = s.graph;
  const auto size = [&](std::int64_t axis) {
    const auto whole = g.add("Gather", {g.add("Shape", {s.x}), s.scalar(axis)});
    return g.add("Unsqueeze", {g.add("Div", {whole, s.scalar(8)}), s.integers({0})});
  };
  const Attributes first{{"axis", std::int64_t{0}}};
  const auto eight = s.integers({8});
  const auto shape = g.add("Concat", {s.integers({-1, 4}), size(2), eight, size(3), eight}, first);
  const auto windows = g.add("Transpose", {g.add("Reshape", {s.x, shape})}, {{"perm", Integers{0, 2, 4, 3, 5, 1}}});
  const auto tokens = g.add("Reshape", {windows, s.integers({-1, 64, 4})});
  const auto scores = g.add("MatMul", {tokens, g.add("Transpose", {tokens}, {{"perm", Integers{0, 2, 1}}})});
  const auto mixed = g.add("MatMul", {g.add("Softmax", {scores}), tokens});
  const auto back = g.add("Concat", {s.integers({1}), size(2), size(3), s.integers({8, 8, 4})}, first);
  const auto placed = g.add("Transpose", {g.add("Reshape", {mixed, back})}, {{"perm", Integers{0, 5, 1, 3, 2, 4}}});
  const auto full = g.add("Shape", {s.x});
  expect(s.of(g.add("Reshape", {placed, full})), 1, 7, 8, 8);
  EXPECT_TRUE(nodes_over_the_picture(g).empty()) << "windows are no whole picture";
}

TEST(Geometry, OfPaddingAndCropping) {
  Sketch s;
  const auto padded =
      s.graph.add("Pad", {s.x, s.integers({0, 0, 1, 1, 0, 0, 1, 1})}, {{"mode", std::string("reflect")}});
  expect(s.of(s.conv(padded, 4, 4, 3, 1, 0)), 1, 1);
  Sketch c;
  const auto large = c.conv(c.x, 4, 4, 3, 1, 2);
  const auto cut = c.graph.add("Slice", {large, c.integers({1, 1}), c.integers({-1, -1}), c.integers({2, 3})});
  expect(c.of(cut), 1, 1);
}

// A level of noise beside the picture, once as a number and once as a map with an element for every `step` pixels.
TEST(Geometry, OfAConditionBesideThePicture) {
  Sketch number;
  const auto sigma = number.graph.add_input("sigma", base::NumberFormat::float32, {{1, ""}, {1, ""}, {1, ""}, {1, ""}});
  expect(number.of(number.conv(number.graph.add("Add", {number.x, sigma}), 4, 4, 3)), 1, 1);
  for (const std::int64_t step : {1, 2, 4}) {
    Sketch s(1);
    const auto map = s.graph.add_input("map", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, "h"}, {-1, "w"}});
    const auto coarse = s.graph.add("SpaceToDepth", {s.x}, {{"blocksize", step}});
    const auto joined = s.graph.add("Concat", {coarse, map}, {{"axis", std::int64_t{1}}});
    const auto features = s.conv(joined, step * step + 1, step * step, 3);
    const auto found = s.of(s.graph.add("DepthToSpace", {features}, {{"blocksize", step}}));
    const int n = static_cast<int>(step);
    expect(found, 1, 2 * n - 1, n, n);
    EXPECT_EQ(found->map_step, step);
    ASSERT_EQ(costs(s.graph).size(), 1U);
    EXPECT_EQ(costs(s.graph)[0].macs_per_pixel, static_cast<double>(9 * (step * step + 1)));
  }
}

TEST(Geometry, OfAMapThatDoesNotFit) {
  Sketch s;
  const auto map = s.graph.add_input("map", base::NumberFormat::float32, {{1, ""}, {1, ""}, {7, ""}, {7, ""}});
  EXPECT_FALSE(s.of(s.graph.add("Add", {s.x, map})).ok());
}

TEST(Geometry, IsGlobalWhereANodeTakesInEverything) {
  const auto because = [](Sketch& s, ir::ValueId out) {
    const auto found = s.of(out);
    EXPECT_TRUE(found.ok()) << found.error().message();
    if (!found) return std::string();
    EXPECT_FALSE(found->radius);
    return found->global_because;
  };
  const auto whole = [](const Sketch& s) {
    std::string operators;
    for (const ir::NodeId node : nodes_over_the_picture(s.graph)) operators += s.graph.node(node).op + " ";
    return operators;
  };
  Sketch a;
  EXPECT_NE(because(a, a.graph.add("Mul", {a.x, a.graph.add("GlobalAveragePool", {a.x})})).find("GlobalAveragePool"),
            std::string::npos);
  EXPECT_EQ(whole(a), "GlobalAveragePool ");
  Sketch b;
  EXPECT_NE(
      because(b, b.graph.add("Sub", {b.x, b.graph.add("ReduceMean", {b.x, b.integers({2, 3})})})).find("ReduceMean"),
      std::string::npos);
  EXPECT_EQ(whole(b), "ReduceMean ");
  Sketch c;
  EXPECT_NE(because(c, c.graph.add("Softmax", {c.x}, {{"axis", std::int64_t{-1}}})).find("Softmax"), std::string::npos);
  Sketch d;
  EXPECT_NE(because(d, d.graph.add("InstanceNormalization", {d.x, d.weights({4}), d.weights({4})})).find("Instance"),
            std::string::npos);
  Sketch e;  // the number of columns in the arithmetic of pixels
  const auto width = e.graph.add("Gather", {e.graph.add("Shape", {e.x}), e.scalar(3)});
  const auto scaled = e.graph.add("Div", {e.x, e.graph.add("Cast", {width}, {{"to", std::int64_t{1}}})});
  EXPECT_NE(because(e, scaled).find("size of the picture"), std::string::npos);
  EXPECT_EQ(whole(e), "") << "only the number of columns";
  Sketch f;  // turned around
  EXPECT_NE(because(f, f.graph.add("Slice", {f.x, f.integers({-1}), f.integers({INT64_MIN}), f.integers({3}),
                                             f.integers({-1})})),
            "");
}

TEST(Geometry, StaysLocalWhereOnlyChannelsMix) {
  Sketch s;
  const auto rows = s.graph.add("Transpose", {s.x}, {{"perm", Integers{0, 2, 3, 1}}});
  const auto normal = s.graph.add("LayerNormalization", {rows, s.weights({4})});
  const auto product = s.graph.add("MatMul", {normal, s.weights({4, 4})});
  expect(s.of(s.graph.add("Transpose", {product}, {{"perm", Integers{0, 3, 1, 2}}})), 1, 0);
  Sketch m;
  expect(m.of(m.graph.add("Mul", {m.x, m.graph.add("ReduceMean", {m.x, m.integers({1})})})), 1, 0);
}

// A channel that is cut out repeats for all of another value, as one that a convolution gives does.
TEST(Geometry, ASingleChannelMeetsMany) {
  Sketch s;
  const auto one = s.graph.add("Slice", {s.x, s.integers({1}), s.integers({2}), s.integers({1})});
  expect(s.of(s.graph.add("Add", {one, s.conv(s.x, 4, 3, 3)})), 1, 1);
  expect(s.of(s.graph.add("Mul", {s.conv(s.x, 4, 3, 5), one})), 1, 2);
}

TEST(Geometry, RefusesWhatItCannotFollow) {
  Sketch unknown;
  const auto error = unknown.of(unknown.graph.add("GridSample", {unknown.x, unknown.x}, {}, "warp"));
  ASSERT_FALSE(error.ok());
  EXPECT_NE(error.error().message().find("GridSample warp"), std::string::npos);
  Sketch valid;  // the picture becomes smaller
  EXPECT_FALSE(valid.of(valid.conv(valid.x, 4, 4, 3, 1, 0)).ok());
  Sketch smaller;
  EXPECT_FALSE(smaller.of(smaller.conv(smaller.x, 4, 4, 3, 2)).ok());
  Sketch constant;
  EXPECT_FALSE(constant.of(constant.weights({1, 4, 2, 2})).ok());
  Sketch channels(-1);
  EXPECT_FALSE(channels.of(channels.graph.add("Relu", {channels.x})).ok());
}

// Attributes and shapes that a file can hold and that make no sense: an Error or an answer, never a crash.
TEST(Geometry, SurvivesNonsense) {
  const std::int64_t huge = INT64_MAX;
  for (const char* op : {"Conv", "ConvTranspose", "MaxPool", "AveragePool"}) {
    for (const Integers& list :
         {Integers{}, {0, 0}, {-1, -1}, {huge, huge}, {1}, {INT64_MIN, 1}, {1, 1, 1, 1}, {1 << 20, 1 << 20}}) {
      for (const char* attribute : {"pads", "strides", "dilations", "kernel_shape", "output_padding"}) {
        Sketch s;
        static_cast<void>(s.of(s.graph.add(op, {s.x, s.weights({4, 4, 3, 3})}, {{attribute, list}})));
      }
    }
  }
  for (const char* op : {"Reshape",
                         "Expand",
                         "Tile",
                         "Pad",
                         "Squeeze",
                         "Unsqueeze",
                         "Slice",
                         "Split",
                         "ReduceMean",
                         "Gather",
                         "Resize",
                         "ConstantOfShape",
                         "Range",
                         "MatMul",
                         "Gemm",
                         "Einsum",
                         "Concat",
                         "Transpose",
                         "Softmax",
                         "Flatten",
                         "DepthToSpace",
                         "SpaceToDepth",
                         "LayerNormalization",
                         "Where",
                         "Shape",
                         "Clip",
                         "BatchNormalization"}) {
    for (const Integers& list : {Integers{},
                                 {0},
                                 {-1},
                                 {huge},
                                 {INT64_MIN},
                                 {0, 0, 0, 0},
                                 {-1, -1},
                                 {huge, huge, huge, huge},
                                 {1, 2, 3, 4, 5, 6, 7}}) {
      for (int inputs = 0; inputs <= 5; ++inputs) {
        for (const bool picture_first : {true, false}) {
          Sketch s;
          std::vector<ir::ValueId> in;
          in.reserve(5);
          for (int i = 0; i < inputs; ++i) in.push_back(i == 0 && picture_first ? s.x : s.integers(list));
          for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-9}, huge}) {
            const auto out = s.graph.add(
                op, in, {{"axis", number}, {"blocksize", number}, {"perm", list}, {"axes", list}, {"start", number}});
            static_cast<void>(s.of(out));
          }
        }
      }
    }
  }
  Sketch deep;
  ir::ValueId x = deep.x;
  for (int i = 0; i < 200; ++i) x = deep.conv(x, 4, 4, 1, 1 << 10, 0);
  EXPECT_FALSE(deep.of(x).ok());
}

TEST(Costs, CountMultipliesPerInputPixel) {
  Sketch s;
  auto x = s.conv(s.x, 4, 8, 3);
  x = s.conv_transpose(x, 8, 2, 4, 2, 1);
  s.graph.outputs = {s.conv(x, 2, 3, 1)};
  const std::vector<NodeCost> found = costs(s.graph);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_DOUBLE_EQ(found[0].macs_per_pixel, 4 * 8 * 9);
  EXPECT_DOUBLE_EQ(found[1].macs_per_pixel, 8 * 2 * 16);
  EXPECT_DOUBLE_EQ(found[2].macs_per_pixel, 4 * 2 * 3);
}

}  // namespace
}  // namespace mantissa::net
