#include "gate/gate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "format/thresholds.h"
#include "image/metrics.h"

namespace mantissa::gate {
namespace {

using format::Figures;

image::Picture as_seen(const image::Picture& picture) {
  image::Picture seen = picture;
  image::round_to_8_bits(seen);
  return seen;
}

std::string sentence(const char* what, double value, const char* unit, const char* relation, double limit) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.2f%s, %s %.2f%s", what, value, unit, relation, limit, unit);
  return text;
}

struct Checks {
  std::vector<std::string> failures;
  void at_most(const char* what, double value, const char* unit, double limit) {
    if (!(value <= limit)) failures.push_back(sentence(what, value, unit, "more than", limit));
  }
  void at_least(const char* what, double value, const char* unit, double limit) {
    if (!(value >= limit)) failures.push_back(sentence(what, value, unit, "less than", limit));
  }
};

std::vector<std::string> failures_of(const Figures& f, const format::Thresholds& t) {
  Checks checks;
  if (!f.finite) checks.failures.emplace_back("the output holds NaN or infinity");
  if (f.has_truth) {
    checks.at_most("the loss against the true pictures", f.loss_percent, " %", t.loss_percent);
    checks.at_most("the loss on the worst picture", f.worst_loss_percent, " %", t.worst_loss_percent);
  }
  checks.at_least("the PSNR against fp32", f.psnr_to_fp32, " dB", t.psnr_to_fp32);
  checks.at_least("the PSNR against fp32 of the worst picture", f.worst_psnr_to_fp32, " dB", t.worst_psnr_to_fp32);
  checks.at_least("the PSNR against fp32 of the worst 64x64 tile", f.worst_tile_psnr, " dB", t.worst_tile_psnr);
  checks.at_most("the shift of a channel's mean", f.mean_shift, " levels", t.mean_shift);
  checks.at_most("the shift of a channel's mean in a tile", f.worst_tile_mean_shift, " levels",
                 t.worst_tile_mean_shift);
  checks.at_most("the difference on flat black", f.flat_black, " levels", t.flat);
  checks.at_most("the difference on flat white", f.flat_white, " levels", t.flat);
  return checks.failures;
}

}  // namespace

void Judge::add(const image::Picture& fp32, const image::Picture& variant, const image::Picture* truth) {
  sums_.finite &= image::all_finite(variant);
  const image::Picture reference = as_seen(fp32);
  const image::Picture seen = as_seen(variant);
  const double to_fp32 = image::psnr(reference, seen, border_);
  const double tile = image::worst_tile_psnr(reference, seen, kTile, border_);
  sums_.psnr_to_fp32 += to_fp32;
  sums_.worst_psnr_to_fp32 = started_ ? std::min(sums_.worst_psnr_to_fp32, to_fp32) : to_fp32;
  sums_.worst_tile_psnr = started_ ? std::min(sums_.worst_tile_psnr, tile) : tile;
  sums_.mean_shift = std::max(sums_.mean_shift, image::mean_shift(reference, seen, border_));
  sums_.worst_tile_mean_shift =
      std::max(sums_.worst_tile_mean_shift, image::worst_tile_mean_shift(reference, seen, kTile, border_));
  sums_.ssim_to_fp32 += image::ssim(reference, seen, border_);
  sums_.pictures += 1;
  sums_.megapixels += static_cast<double>(fp32.pixels()) / 1e6;
  if (truth != nullptr) {
    const image::Picture expected = as_seen(*truth);
    const double of_fp32 = image::psnr(expected, reference, border_);
    const double of_variant = image::psnr(expected, seen, border_);
    const double loss = 100 * (of_fp32 - of_variant) / of_fp32;
    sums_.has_truth = true;
    sums_.psnr_fp32 += of_fp32;
    sums_.psnr_variant += of_variant;
    sums_.worst_loss_percent = started_ ? std::max(sums_.worst_loss_percent, loss) : loss;
  }
  started_ = true;
}

void Judge::add_flat(const image::Picture& fp32, const image::Picture& variant, bool white) {
  sums_.finite &= image::all_finite(variant);
  (white ? sums_.flat_white : sums_.flat_black) =
      std::round(image::largest_difference(as_seen(fp32), as_seen(variant)));
}

format::Verdict Judge::verdict(std::string kind, std::string provider) const {
  format::Verdict verdict{.kind = std::move(kind), .provider = std::move(provider), .failures = {}, .figures = sums_};
  Figures& f = verdict.figures;
  const double n = std::max(f.pictures, 1);
  f.psnr_to_fp32 /= n;
  f.ssim_to_fp32 /= n;
  f.psnr_fp32 /= n;
  f.psnr_variant /= n;
  if (f.has_truth) f.loss_percent = 100 * (f.psnr_fp32 - f.psnr_variant) / f.psnr_fp32;
  verdict.failures = failures_of(f, format::thresholds_for(variant_, f.has_truth));
  if (f.pictures == 0) verdict.failures.emplace_back("no picture was judged");
  verdict.passed = verdict.failures.empty();
  verdict.weak_evidence = f.pictures < kEnoughPictures || f.megapixels < kEnoughMegapixels;
  return verdict;
}

}  // namespace mantissa::gate
