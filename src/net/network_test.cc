#include "net/network.h"

#include <gtest/gtest.h>

namespace mantissa::net {
namespace {

TEST(Colour, NamesGoBothWays) {
  for (const Colour colour : {Colour::rgb, Colour::ycbcr, Colour::luminance})
    EXPECT_EQ(colour_named(name_of(colour)), colour);
  EXPECT_FALSE(colour_named("RGB"));
  EXPECT_FALSE(colour_named(""));
}

TEST(OverrideTask, SetsWhatTheUserKnows) {
  Task task;
  task.assumed = {"range 0..1", "colour rgb", "activation ReLU"};
  ASSERT_TRUE(override_task(task, {"0:255", "ycbcr"}).ok());
  EXPECT_EQ(task.range_low, 0);
  EXPECT_EQ(task.range_high, 255);
  EXPECT_EQ(task.colour, Colour::ycbcr);
  EXPECT_EQ(task.assumed, std::vector<std::string>{"activation ReLU"});
  ASSERT_TRUE(override_task(task, {"-1:1", {}}).ok());
  EXPECT_EQ(task.range_low, -1);
  ASSERT_TRUE(override_task(task, {}).ok());
  EXPECT_EQ(output_range(task), (Range{-1, 1}));
  ASSERT_TRUE(override_task(task, {"-1:1,0:255", {}}).ok());
  EXPECT_EQ(task.range_low, -1);
  EXPECT_EQ(output_range(task), (Range{0, 255}));
}

TEST(OverrideTask, RefusesWhatMakesNoSense) {
  for (const char* range : {"", ":", "0", "0:", ":1", "1:0", "1:1", "0:1:2", "0:nan", "0:inf", "a:b", "0 :1", "0:1e99",
                            "0:1,", "0:1,1:0", "0:1,0:1,0:1"}) {
    Task task;
    const auto done = override_task(task, {range, {}});
    ASSERT_FALSE(done.ok()) << range;
    EXPECT_EQ(done.error().code, ErrorCode::usage);
    EXPECT_EQ(task.range_high, 1);
  }
  Task task;
  EXPECT_FALSE(override_task(task, {{}, "luminance"}).ok());
  EXPECT_FALSE(override_task(task, {{}, "hsv"}).ok());
}

}  // namespace
}  // namespace mantissa::net
