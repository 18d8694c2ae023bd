#include "run/choice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/test_folder.h"
#include "run/open_model.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

class ChoiceTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
    const auto bytes = format::onnx_bytes(small_network(3, 2).graph);
    ASSERT_TRUE(bytes.ok() && base::write_text(folder_ / "network.onnx", *bytes).ok());
    request_.model = folder_ / "network.onnx";
  }
  void TearDown() override { ::unsetenv("XDG_CACHE_HOME"); }

  // The only file of the cache.
  [[nodiscard]] fs::path file() const {
    for (const auto& entry : fs::directory_iterator(folder_ / "mantissa" / "choices")) return entry.path();
    return {};
  }

  base::TestFolder folder_;
  RunnerRequest request_;
};

Racer racer(std::string provider) { return {{"", "fp32", std::move(provider), {}}, 128, 3, 1.25, 99, ""}; }

TEST_F(ChoiceTest, IsReadAsItWasWritten) {
  Racer refused = racer("onnxruntime-cpu");
  refused.refused = "its picture is wrong here";
  ASSERT_TRUE(write_choice("a key", {{racer("openvino-cpu"), refused}}).ok());
  const auto choice = read_choice("a key");
  ASSERT_TRUE(choice.has_value());
  ASSERT_EQ(choice->racers.size(), 2U);
  EXPECT_EQ(choice->racers[0].way, racer("openvino-cpu").way);
  EXPECT_EQ(choice->racers[0].tile_size, 128);
  EXPECT_EQ(choice->racers[0].microseconds_per_pixel, 1.25);
  EXPECT_EQ(choice->racers[1].refused, refused.refused);
  EXPECT_FALSE(read_choice("another key").has_value());
}

TEST_F(ChoiceTest, DamageMeansThatThereIsNone) {
  ASSERT_TRUE(write_choice("a key", {{racer("openvino-cpu")}}).ok());
  const std::string good = *base::read_text(file());
  std::string of_other_key = good, wrong_type = good;
  of_other_key.replace(good.find("a key"), 5, "b key");
  wrong_type.replace(good.find("128"), 3, "\"x\"");
  for (const std::string& bad : {std::string(), std::string("{}"), std::string("[1]"), good.substr(0, good.size() / 2),
                                 of_other_key, wrong_type}) {
    ASSERT_TRUE(base::write_text(file(), bad).ok());
    EXPECT_FALSE(read_choice("a key").has_value()) << bad;
  }
}

TEST_F(ChoiceTest, DependsOnTheNetworkAndTheThreads) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const std::string key = choice_key(*runnable, 1);
  EXPECT_NE(key, choice_key(*runnable, 2));
  EXPECT_NE(key.find("OpenVINO 20"), std::string::npos) << key;
  const auto bytes = format::onnx_bytes(small_network(3, 3).graph);
  ASSERT_TRUE(base::write_text(request_.model, *bytes).ok());
  const auto other = Runnable::read(request_);
  ASSERT_TRUE(other.ok());
  EXPECT_NE(key, choice_key(*other, 1));
}

// The choice names the provider that would not be taken without it.
TEST_F(ChoiceTest, IsWhatRunsFromThenOn) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const auto before = open_model(request_);
  ASSERT_TRUE(before.ok()) << before.error().message();
  EXPECT_EQ(before->provider, "onnxruntime-cpu");
  Racer other_tile = racer("openvino-cpu");
  other_tile.tile_size = 256;
  ASSERT_TRUE(write_choice(choice_key(*runnable, 0), {{racer("openvino-cpu"), other_tile}}).ok());
  auto after = open_model(request_);
  ASSERT_TRUE(after.ok()) << after.error().message();
  EXPECT_EQ(after->provider, "openvino-cpu");
  EXPECT_EQ(after->tile_size, 128);
  const std::vector<std::string> lines = explain(*after);
  EXPECT_NE(lines.front().find("earlier"), std::string::npos) << lines.front();
  request_.provider = "onnxruntime-cpu";  // a flag wins
  const auto asked = open_model(request_);
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->provider, "onnxruntime-cpu");
}

TEST_F(ChoiceTest, OfAProviderThatIsNotHereIsNotTaken) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  ASSERT_TRUE(write_choice(choice_key(*runnable, 0), {{racer("onnxruntime-coreml")}}).ok());
  const auto model = open_model(request_);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->provider, "onnxruntime-cpu");
}

}  // namespace
}  // namespace mantissa::run
