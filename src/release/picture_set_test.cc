#include "release/picture_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/test_folder.h"
#include "image/codec.h"
#include "release/calibration.h"

namespace mantissa::release {
namespace {

namespace fs = std::filesystem;

image::Picture some_picture(int width, int height, int channels = 3) {
  image::Picture picture(width, height, channels);
  for (std::size_t i = 0; i < picture.samples.size(); ++i)
    picture.samples[i] = static_cast<float>(i * 7919 % 256) / 255;
  return picture;
}

class Pictures : public testing::Test {
 public:
  Pictures() { task.scale = 2; }

 protected:
  fs::path put(const std::string& name, int width, int height, int channels = 3) {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(image::write_picture(path, some_picture(width, height, channels)).ok());
    return path.parent_path();
  }
  Result<PictureSet> open(const std::vector<std::string>& names, const std::string& degradation = "none") {
    std::vector<fs::path> folders;
    folders.reserve(names.size());
    for (const std::string& name : names) folders.push_back(folder_.path() / name);
    return PictureSet::open(folders, image::parse_degradation(degradation).value(), task, 1);
  }
  // The message of the first failure, on opening or on loading.
  std::string complaint(const std::vector<std::string>& names, const std::string& degradation = "none") {
    const auto set = open(names, degradation);
    if (!set.ok()) return set.error().message();
    for (std::size_t i = 0; i < set->size(); ++i)
      if (const auto sample = set->load(i); !sample.ok()) {
        EXPECT_EQ(sample.error().code, ErrorCode::bad_input);
        return sample.error().message();
      }
    return "";
  }

  base::TestFolder folder_;
  net::Task task;  // of a network that enlarges twice
};

TEST_F(Pictures, PairsOfOneFolder) {
  put("set/b_LR.png", 20, 18);
  put("set/b_HR.png", 40, 36);
  put("set/a_LR.png", 30, 30);
  put("set/a_HR.png", 61, 60);  // one column more than the network makes: it is cropped
  const auto set = open({"set"});
  ASSERT_TRUE(set.ok()) << set.error().message();
  ASSERT_EQ(set->size(), 2U);
  EXPECT_EQ(set->description(), "2 pairs of set");
  const auto first = set->load(0);
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(first->name, "a_LR.png");
  EXPECT_EQ(first->truth->width, 60);
  EXPECT_EQ(set->load(1)->truth->height, 36);
}

TEST_F(Pictures, TwoFolders) {
  put("in/0801x2.png", 20, 20);
  put("in/0802x2.png", 24, 20);
  put("true/0801.png", 40, 40);
  put("true/0802.png", 48, 40);
  EXPECT_EQ(complaint({"in", "true"}), "");
  put("true/0803.png", 48, 40);
  EXPECT_NE(complaint({"in", "true"}).find("2 and 3"), std::string::npos);
  put("in/0804x2.png", 24, 20);
  EXPECT_NE(complaint({"in", "true"}).find("0804x2.png"), std::string::npos) << "0804 is not 0803";
}

TEST_F(Pictures, InputsWithoutATruePicture) {
  put("set/a_LR.png", 20, 20);
  put("set/c.png", 20, 20);
  const auto set = open({"set"});
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->size(), 2U);
  EXPECT_FALSE(set->load(0)->truth.has_value());
  EXPECT_EQ(set->description(), "2 pictures of set");
}

TEST_F(Pictures, CleanOnesAreDegraded) {
  put("set/a.png", 41, 40);
  const auto set = open({"set"}, "bicubic:2");
  const auto sample = set->load(0);
  ASSERT_TRUE(sample.ok()) << sample.error().message();
  EXPECT_EQ(sample->input.width, 20);
  EXPECT_EQ(sample->truth->width, 40);
  task.scale = 1;
  const auto noisy = open({"set"}, "noise:25")->load(0);
  ASSERT_TRUE(noisy.ok());
  EXPECT_NE(noisy->input.samples, noisy->truth->samples);
  EXPECT_EQ(noisy->input.samples, open({"set"}, "noise:25")->load(0)->input.samples) << "the seed decides";
}

TEST_F(Pictures, PairsAreNotDegradedOnceMore) {
  put("set/a_LR.png", 20, 20);
  put("set/a_HR.png", 40, 40);
  put("in/a.png", 20, 20);
  put("true/a.png", 40, 40);
  for (const auto& names : {std::vector<std::string>{"set"}, {"in", "true"}}) {
    const auto set = open(names, "bicubic:2");
    ASSERT_TRUE(set.ok());
    ASSERT_EQ(set->size(), 1U);
    const auto sample = set->load(0);
    ASSERT_TRUE(sample.ok()) << sample.error().message();
    EXPECT_EQ(sample->input.width, 20);
    EXPECT_EQ(sample->truth->width, 40);
  }
}

TEST_F(Pictures, EachGetsNoiseOfItsOwn) {
  put("set/a.png", 20, 20);
  put("set/b.png", 20, 20);
  task.scale = 1;
  const auto set = open({"set"}, "noise:25");
  EXPECT_NE(set->load(0)->input.samples, set->load(1)->input.samples);
}

TEST_F(Pictures, EachGetsItsOwnLevelOfNoiseFromTheStatedRange) {
  constexpr std::size_t kCount = 8;
  for (std::size_t i = 0; i < kCount; ++i) put("set/" + std::to_string(i) + ".png", 64, 64);
  task.scale = 1;
  task.condition = net::Condition{"sigma", false, 1, 255, net::Levels{10, 50}};
  const auto set = open({"set"}, "noise:50");
  ASSERT_TRUE(set.ok()) << set.error().message();
  std::vector<float> levels;
  for (std::size_t i = 0; i < kCount; ++i) {
    const Sample sample = set->load(i).value();
    ASSERT_TRUE(sample.level);
    double squares = 0;
    for (std::size_t s = 0; s < sample.input.samples.size(); ++s)
      squares += std::pow(255.0 * static_cast<double>(sample.input.samples[s] - sample.truth->samples[s]), 2);
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(sample.input.samples.size())), *sample.level, 2);
    EXPECT_EQ(set->load(i)->level, sample.level);
    EXPECT_NE(set->load(i, 1)->level, sample.level) << "another version of the picture";
    levels.push_back(*sample.level);
  }
  std::sort(levels.begin(), levels.end());
  EXPECT_GE(levels.front(), 10);
  EXPECT_LE(levels.back(), 50);
  for (std::size_t i = 1; i < kCount; ++i) EXPECT_LT(levels[i] - levels[i - 1], 10) << "no large gap";
}

TEST_F(Pictures, NoisyOnesHaveOneKnownLevel) {
  put("set/a_LR.png", 20, 20);
  put("set/a_HR.png", 20, 20);
  put("plain/a.png", 20, 20);
  task.scale = 1;
  task.condition = net::Condition{"sigma", false, 1, 255, net::Levels{25, 25}};
  const auto pairs = open({"set"}, "noise:25");
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ(pairs->load(0)->level, 25.0F);
  EXPECT_EQ(open({"plain"})->load(0)->level, 25.0F);
  task.condition->levels = net::Levels{0, 50};
  for (const auto& [folder, degradation] :
       {std::pair<std::string, std::string>{"set", "noise:50"}, {"plain", "none"}}) {
    const auto set = open({folder}, degradation);
    ASSERT_FALSE(set.ok()) << folder;
    EXPECT_EQ(set.error().code, ErrorCode::usage);
  }
}

TEST_F(Pictures, CalibrationTilesKnowTheirLevelOfNoise) {
  put("set/a.png", 300, 300);
  task.scale = 1;
  task.condition = net::Condition{"map", true, 2, 255, net::Levels{0, 51}};
  const auto calibration = read_calibration(*open({"set"}, "noise:51"), task, 1);
  ASSERT_TRUE(calibration.ok()) << calibration.error().message();
  std::set<float> seen;
  for (const auto* batches : {&calibration->for_ranges, &calibration->for_decisions, &calibration->flat})
    for (const quant::Batch& batch : *batches) {
      ASSERT_TRUE(batch.condition);
      EXPECT_EQ(batch.map_step, 2);
      seen.insert(*batch.condition);
    }
  EXPECT_GT(seen.size(), 5U) << "a single picture is seen at many levels";
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_FLOAT_EQ(*seen.rbegin(), 0.2F);
  for (const quant::Batch& batch : calibration->flat) EXPECT_FLOAT_EQ(*batch.condition, 0.1F);
}

TEST_F(Pictures, WrongSizesAreNamed) {
  put("set/a_LR.png", 20, 20);
  put("set/a_HR.png", 60, 60);
  const std::string said = complaint({"set"});
  EXPECT_NE(said.find("a_LR.png"), std::string::npos) << said;
  EXPECT_NE(said.find("60x60"), std::string::npos) << said;
  EXPECT_NE(said.find("40x40"), std::string::npos) << said;
}

TEST_F(Pictures, DegradationOfAnotherScaleIsRefused) {
  put("set/a.png", 80, 80);
  EXPECT_NE(complaint({"set"}, "bicubic:4").find("enlarges 2 times"), std::string::npos);
  EXPECT_NE(complaint({"set"}, "noise:25").find("enlarges 2 times"), std::string::npos);
}

TEST_F(Pictures, GreyForColour) {
  put("set/a.png", 20, 20, 1);
  EXPECT_NE(complaint({"set"}).find("grey"), std::string::npos);
}

TEST_F(Pictures, ColourForGreyIsTurnedIntoLuminance) {
  put("set/a.png", 20, 20, 3);
  task.colour = net::Colour::luminance;
  const auto sample = open({"set"})->load(0);
  ASSERT_TRUE(sample.ok());
  EXPECT_EQ(sample->input.channels, 1);
}

TEST_F(Pictures, TooSmallForTheNetwork) {
  put("set/a.png", 40, 20);
  EXPECT_EQ(complaint({"set"}), "");
  task.size_multiple = 32;
  EXPECT_NE(complaint({"set"}).find("at least 32"), std::string::npos);
}

TEST_F(Pictures, NoneAtAll) {
  fs::create_directories(folder_.path() / "empty");
  EXPECT_NE(complaint({"empty"}).find("holds no pictures"), std::string::npos);
  EXPECT_NE(complaint({"absent"}).find("absent"), std::string::npos);
}

TEST_F(Pictures, CalibrationDependsOnTheSeedAlone) {
  for (const char* name : {"set/a.png", "set/b.png", "set/c.png"}) put(name, 320, 300);
  const auto set = open({"set"}, "bicubic:2");
  const auto values = [&](std::uint64_t seed) {
    const auto calibration = read_calibration(*set, task, seed);
    EXPECT_TRUE(calibration.ok()) << calibration.error().message();
    std::vector<std::vector<float>> all;
    for (const quant::Batch& batch : calibration->for_ranges) all.push_back(batch.values);
    for (const quant::Batch& batch : calibration->for_decisions) all.push_back(batch.values);
    return all;
  };
  EXPECT_EQ(values(1), values(1));
  EXPECT_NE(values(1), values(2));
}

TEST_F(Pictures, CalibrationTilesFitTheNetwork) {
  put("set/a.png", 300, 31);
  task.size_multiple = 4;
  const auto calibration = read_calibration(*open({"set"}, "bicubic:2"), task, 1);
  ASSERT_FALSE(calibration.ok()) << "15 rows are too few";
  put("set/a.png", 300, 70);
  const auto enough = read_calibration(*open({"set"}, "bicubic:2"), task, 1);
  ASSERT_TRUE(enough.ok()) << enough.error().message();
  ASSERT_FALSE(enough->for_decisions.empty());
  for (const quant::Batch& tile : enough->for_decisions) {
    EXPECT_EQ(tile.shape[2] % 4, 0);
    EXPECT_EQ(tile.shape[3] % 4, 0);
    EXPECT_LE(tile.shape[3], 128);
  }
}

TEST_F(Pictures, SomeTilesComeExaggerated) {
  for (int i = 0; i < 4; ++i) put("set/" + std::to_string(i) + ".png", 300, 200);
  const auto saturated = [](const quant::Batch& tile) {
    return std::count_if(tile.values.begin(), tile.values.end(), [](float s) { return s == 0 || s == 1; });
  };
  const auto calibration = read_calibration(*open({"set"}, "none"), task, 1);
  ASSERT_TRUE(calibration.ok()) << calibration.error().message();
  ASSERT_EQ(calibration->colours.size(), 2U);
  ASSERT_EQ(calibration->detail.size(), 6U);
  EXPECT_GT(saturated(calibration->colours[0]), saturated(calibration->for_decisions[0]) + 100);
  EXPECT_GT(saturated(calibration->for_ranges[1]), saturated(calibration->for_ranges[0]) + 100) << "the same tile";
  for (const auto* group : {&calibration->colours, &calibration->detail})
    for (const float sample : group->front().values) EXPECT_TRUE(sample >= 0 && sample <= 1);
  EXPECT_NE(calibration->detail[0].values, calibration->for_decisions[1].values);
}

TEST_F(Pictures, ABatchIsThePictureInTheNetworksNumbers) {
  task.range_low = -1;
  task.range_high = 3;
  const image::Picture picture = some_picture(5, 4);
  const quant::Batch batch = batch_of(picture, task);
  EXPECT_EQ(batch.shape, (std::vector<std::int64_t>{1, 3, 4, 5}));
  EXPECT_FLOAT_EQ(batch.values[7], -1 + 4 * picture.samples[7]);
  const image::Picture back = picture_of(batch, task);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) EXPECT_NEAR(back.samples[i], picture.samples[i], 1e-6);
  task.range_out = net::Range{-1, 7};
  EXPECT_NEAR(picture_of(batch, task).samples[7], picture.samples[7] / 2, 1e-6);
}

TEST_F(Pictures, APictureIsInTheColoursThatUsersSee) {
  task.colour = net::Colour::ycbcr;
  const image::Picture picture = some_picture(5, 4);
  const image::Picture back = picture_of(batch_of(picture, task), task);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) EXPECT_NEAR(back.samples[i], picture.samples[i], 1e-5);
}

}  // namespace
}  // namespace mantissa::release
