#include "gate/gate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mantissa::gate {
namespace {

using image::Picture;

Picture texture(int side) {
  Picture picture(side, side, 3);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        picture.row(c, y)[static_cast<std::size_t>(x)] =
            static_cast<float>(0.5 + 0.4 * std::sin(0.3 * x + 0.2 * y + c));
  return picture;
}

// Adds +-amount, level by level in a checkerboard, so that no mean moves.
Picture with_noise(Picture picture, float levels) {
  for (std::size_t i = 0; i < picture.samples.size(); ++i) picture.samples[i] += (i % 2 == 0 ? levels : -levels) / 255;
  return picture;
}

format::Verdict judged(const Picture& fp32, const Picture& variant, const Picture* truth = nullptr,
                       const std::string& name = "int8") {
  Judge judge(name, 0);
  judge.add(fp32, variant, truth);
  return judge.verdict("executed", "a provider");
}

bool mentions(const format::Verdict& verdict, const std::string& words) {
  for (const std::string& failure : verdict.failures)
    if (failure.find(words) != std::string::npos) return true;
  return false;
}

TEST(Gate, PassesWhatIsEqual) {
  const Picture picture = texture(128);
  const format::Verdict verdict = judged(picture, picture, &picture);
  EXPECT_TRUE(verdict.passed);
  EXPECT_EQ(verdict.figures.loss_percent, 0);
  EXPECT_EQ(verdict.kind, "executed");
  EXPECT_TRUE(verdict.weak_evidence);  // one picture
}

TEST(Gate, RefusesALossAgainstTheTruth) {
  const Picture truth = texture(128);
  const Picture fp32 = with_noise(truth, 4);        // 36.1 dB
  const Picture variant = with_noise(truth, 4.5F);  // rounded to 8 bits it loses more than 0.5 %
  const format::Verdict verdict = judged(fp32, variant, &truth);
  EXPECT_FALSE(verdict.passed);
  EXPECT_TRUE(mentions(verdict, "loss against the true pictures"));
  EXPECT_TRUE(verdict.figures.has_truth);
}

TEST(Gate, IsStricterWithoutTheTruth) {
  const Picture fp32 = texture(128);
  const Picture variant = with_noise(fp32, 2);  // 42.1 dB
  EXPECT_TRUE(mentions(judged(fp32, variant), "PSNR against fp32"));
  Judge judge("int8", 0);
  judge.add(fp32, variant, &fp32);
  EXPECT_FALSE(mentions(judge.verdict("executed", ""), "PSNR against fp32 is"));
}

TEST(Gate, FindsOneBadTile) {
  const Picture fp32 = texture(256);
  Picture variant = fp32;
  for (int y = 64; y < 128; ++y)
    for (int x = 64; x < 128; ++x) variant.row(1, y)[static_cast<std::size_t>(x)] += (x + y) % 2 == 0 ? 0.04F : -0.04F;
  const format::Verdict verdict = judged(fp32, variant, nullptr);
  EXPECT_TRUE(mentions(verdict, "64x64 tile"));
  EXPECT_FALSE(mentions(verdict, "worst picture is"));
}

TEST(Gate, FindsAShiftOfColour) {
  const Picture fp32 = texture(128);
  Picture variant = fp32;
  for (float& sample : variant.plane(2)) sample += 1.0F / 255;
  const format::Verdict verdict = judged(fp32, variant, &fp32);
  EXPECT_NEAR(verdict.figures.mean_shift, 1, 1e-6);
  EXPECT_TRUE(mentions(verdict, "shift of a channel's mean is"));
}

TEST(Gate, FindsAGreyBlack) {
  Judge judge("int8", 0);
  const Picture fp32 = texture(128);
  judge.add(fp32, fp32, nullptr);
  judge.add_flat(Picture(64, 64, 3, 0.0F), Picture(64, 64, 3, 3.0F / 255), false);
  judge.add_flat(Picture(64, 64, 3, 1.0F), Picture(64, 64, 3, 253.0F / 255), true);
  const format::Verdict verdict = judge.verdict("executed", "");
  EXPECT_EQ(verdict.figures.flat_black, 3);
  EXPECT_EQ(verdict.figures.flat_white, 2);
  EXPECT_TRUE(mentions(verdict, "flat black"));
  EXPECT_FALSE(mentions(verdict, "flat white"));
}

TEST(Gate, RefusesNaN) {
  const Picture fp32 = texture(64);
  Picture variant = fp32;
  variant.samples[77] = NAN;
  EXPECT_TRUE(mentions(judged(fp32, variant), "NaN"));
}

TEST(Gate, WantsHalfPrecisionCloser) {
  const Picture fp32 = texture(128);
  const Picture variant = with_noise(fp32, 1);  // 48.1 dB
  EXPECT_TRUE(judged(fp32, variant, &fp32, "bf16").figures.psnr_to_fp32 > 48);
  EXPECT_TRUE(mentions(judged(fp32, variant, &fp32, "fp16"), "less than 50.00 dB"));
  EXPECT_FALSE(mentions(judged(fp32, variant, &fp32, "bf16"), "PSNR against fp32 is"));
}

TEST(Gate, ShavesTheBorder) {
  const Picture fp32 = texture(128);
  Picture variant = fp32;
  for (int x = 0; x < 128; ++x) variant.row(0, 0)[static_cast<std::size_t>(x)] = 0;
  Judge judge("int8", 4);
  judge.add(fp32, variant, &fp32);
  EXPECT_TRUE(judge.verdict("executed", "").passed);
}

TEST(Gate, NothingJudgedIsNothingPassed) { EXPECT_FALSE(Judge("int8", 0).verdict("executed", "").passed); }

}  // namespace
}  // namespace mantissa::gate
