#include "net/condition.h"

#include <gtest/gtest.h>

#include "net/network.h"

namespace mantissa::net {
namespace {

const ir::Shape kPicture{{1, ""}, {3, ""}, {-1, "h"}, {-1, "w"}};
const ir::Shape kMap{{1, ""}, {1, ""}, {-1, "h"}, {-1, "w"}};

// Two inputs that are read; the second may be a condition.
ir::Graph with(const std::string& first, const ir::Shape& shape, const std::string& second, const ir::Shape& other) {
  ir::Graph graph;
  const auto x = graph.add_input(first, base::NumberFormat::float32, shape);
  const auto y = graph.add_input(second, base::NumberFormat::float32, other);
  graph.outputs = {graph.add("Add", {x, y})};
  return graph;
}

TEST(Levels, AreReadAsUsersWriteThem) {
  EXPECT_EQ(parse_levels("25").value(), (Levels{25, 25}));
  EXPECT_EQ(parse_levels("0:50").value(), (Levels{0, 50}));
  EXPECT_EQ(parse_levels("2.5:255").value(), (Levels{2.5F, 255}));
  EXPECT_EQ(parse_levels("10:10").value(), (Levels{10, 10}));
  for (const char* text : {"", ":", "25:", ":25", "50:0", "-1", "256", "nan", "inf", "0:50:3", "25 ", "0x10"}) {
    const auto refused = parse_levels(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
  }
  for (const char* text : {"25", "0:50", "2.5:255"}) EXPECT_EQ(text_of(parse_levels(text).value()), text);
}

TEST(FindCondition, ByFormAndName) {
  for (const char* name : {"sigma", "noise_level", "NoiseMap", "level", "map"}) {
    for (const ir::Shape& shape :
         {kMap, ir::Shape{{1, ""}, {1, ""}, {1, ""}, {1, ""}}, ir::Shape{}, ir::Shape{{-1, ""}}}) {
      const auto found = find_condition(with("x", kPicture, name, shape));
      ASSERT_TRUE(found) << name << " of rank " << shape.size();
      EXPECT_EQ(found->is_map, shape.size() == 4 && shape[2].size < 0);
    }
  }
  const ir::Graph swapped = with("sigma", kMap, "x", kPicture);
  ASSERT_TRUE(find_condition(swapped));
  EXPECT_EQ(swapped.value(find_condition(swapped)->picture).name, "x");
  EXPECT_TRUE(find_condition(with("picture", kMap, "sigma", kMap))) << "a grey picture";
}

TEST(FindCondition, NothingElse) {
  EXPECT_FALSE(find_condition(with("x", kPicture, "mask", kMap)));
  EXPECT_FALSE(find_condition(with("x", kPicture, "noise", kPicture))) << "three channels";
  EXPECT_FALSE(find_condition(with("x", kPicture, "sigma", {{1, ""}, {-1, ""}}))) << "several numbers";
  EXPECT_FALSE(find_condition(with("noise_map", kMap, "sigma", kMap))) << "either could be the picture";
  EXPECT_FALSE(find_condition(with("x", {{1, ""}}, "sigma", {{1, ""}}))) << "no picture";
  ir::Graph unused = with("x", kPicture, "y", kPicture);
  unused.inputs.pop_back();
  unused.add_input("sigma", base::NumberFormat::float32, kMap);
  EXPECT_FALSE(find_condition(unused));
  ir::Graph three = with("x", kPicture, "sigma", kMap);
  three.add_input("z", base::NumberFormat::float32, kMap);
  EXPECT_FALSE(find_condition(three));
  ir::Graph integers = with("x", kPicture, "sigma", kMap);
  integers.value(integers.inputs[1]).format = base::NumberFormat::int64;
  EXPECT_FALSE(find_condition(integers));
}

TEST(Condition, IsStatedExactlyWhereTheNetworkIsToldIt) {
  Task told;
  told.condition = Condition{.input = "strength", .is_map = false, .step = 1, .divisor = 255, .levels = {}};
  Task other;
  EXPECT_TRUE(state_levels(other, {}).ok());
  EXPECT_EQ(state_levels(other, "25").error().code, ErrorCode::usage);
  EXPECT_EQ(state_levels(told, {}).error().code, ErrorCode::usage);
  EXPECT_NE(state_levels(told, {}).error().message().find("strength"), std::string::npos);
  EXPECT_EQ(state_levels(told, "high").error().code, ErrorCode::usage);
  EXPECT_EQ(check_level(told, {}).error().message().find("0:50"), std::string::npos);
  ASSERT_TRUE(state_levels(told, "0:50").ok());
  EXPECT_EQ(told.condition->levels, (Levels{0, 50}));
  EXPECT_NE(check_level(told, {}).error().message().find("0:50"), std::string::npos) << "what it was made for is told";
  EXPECT_TRUE(check_level(told, 60.0).ok());
  EXPECT_EQ(check_level(told, 256.0).error().code, ErrorCode::usage);
  EXPECT_EQ(check_level(other, 25.0).error().code, ErrorCode::usage);
  EXPECT_TRUE(check_level(other, {}).ok());
}

TEST(Condition, FollowsTheRange) {
  Task task;
  task.condition = Condition{.input = "sigma", .is_map = false, .step = 1, .divisor = 255, .levels = {}};
  EXPECT_FLOAT_EQ(task.condition->number_of(51), 0.2F);
  ASSERT_TRUE(override_task(task, {.range = "0:255", .colour = {}}).ok());
  EXPECT_FLOAT_EQ(task.condition->number_of(51), 51);
  ASSERT_TRUE(override_task(task, {.range = "-1:1", .colour = {}}).ok());
  EXPECT_FLOAT_EQ(task.condition->number_of(51), 0.4F);
}

}  // namespace
}  // namespace mantissa::net
