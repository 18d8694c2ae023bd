#include "image/samples.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "image/picture.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

std::vector<float*> lines_of(Picture& picture) {
  std::vector<float*> lines;
  for (int channel = 0; channel < picture.channels; ++channel) lines.push_back(picture.row(channel, 0).data());
  return lines;
}

// Widths around what is worked on at once, and an odd address.
TEST(Samples, ComeBackAsTheyWere) {
  for (const int bits : {8, 16, 32}) {
    for (const int channels : {1, 2, 3, 4}) {
      for (const int width : {1, 31, 512, 1100}) {
        const Picture picture = testing::pattern(width, 1, channels, bits == 8 ? 255 : 65535);
        Picture source = picture, back(width, 1, channels);
        std::vector<std::byte> bytes(1 + static_cast<std::size_t>(width * channels * bits / 8));
        const auto lines = lines_of(source);
        pack(std::vector<const float*>(lines.begin(), lines.end()), bits, bytes.data() + 1, picture.pixels());
        unpack(bytes.data() + 1, bits, lines_of(back), picture.pixels());
        EXPECT_EQ(back.samples, picture.samples) << bits << " bits, " << channels << " channels, " << width;
      }
    }
  }
}

// Divided by the largest level, to the last bit.
TEST(Samples, AreSharesOfTheLargestLevel) {
  std::array<std::uint8_t, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  std::array<float, 256> line{};
  unpack(reinterpret_cast<const std::byte*>(bytes.data()), 8, std::array{line.data()}, line.size());
  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_EQ(line[i], static_cast<float>(i) / 255.0F) << i;
}

TEST(Samples, AreInterleaved) {
  const std::array<float, 2> red{0, 1}, green{0.2F, 0.4F}, blue{0.6F, 0.8F};
  std::array<std::uint8_t, 6> bytes{};
  pack(std::array{red.data(), green.data(), blue.data()}, 8, reinterpret_cast<std::byte*>(bytes.data()), 2);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 6>{0, 51, 153, 255, 102, 204}));
}

TEST(Samples, AreClippedAndRoundedAsLevels) {
  constexpr float kLarge = std::numeric_limits<float>::infinity();
  const std::vector<float> line{-1, -kLarge, 0, 0.5F / 255, 0.49F / 255, 0.5F, 1, 1.2F, kLarge, NAN, 0.9981F};
  std::vector<std::uint8_t> bytes(line.size());
  std::vector<std::uint16_t> words(line.size());
  pack(std::array{line.data()}, 8, reinterpret_cast<std::byte*>(bytes.data()), line.size());
  pack(std::array{line.data()}, 16, reinterpret_cast<std::byte*>(words.data()), line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_EQ(bytes[i], to_level(line[i], 255)) << line[i];
    EXPECT_EQ(words[i], to_level(line[i], 65535)) << line[i];
  }
}

}  // namespace
}  // namespace mantissa::image
