#include "image/degrade.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/threads.h"
#include "image/normal.h"
#include "image/resize.h"

namespace mantissa::image {
namespace {

constexpr std::string_view kAdvice = "Use none, bicubic:4 or noise:25";

Error not_understood(std::string_view text) {
  return usage_error("\"" + std::string(text) + "\" is not a way to degrade a picture", std::string(kAdvice));
}

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && stop == end;
}

Picture add_noise(const Picture& clean, float sigma, std::uint64_t seed) {
  Picture noisy = clean;
  const double deviation = static_cast<double>(sigma) / 255.0;
  base::parallel_for(noisy.samples.size(), 1 << 14, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      noisy.samples[i] = static_cast<float>(clean.samples[i] + deviation * standard_normal(seed, i));
    }
  });
  return noisy;
}

Pair reduce(const Picture& clean, int factor) {
  const int width = clean.width / factor, height = clean.height / factor;
  if (width == 0 || height == 0) return {};
  Pair pair;
  pair.truth = crop(clean, {0, 0, width * factor, height * factor});
  pair.input = resize_bicubic(pair.truth, width, height);
  round_to_8_bits(pair.input);
  return pair;
}

}  // namespace

std::string Degradation::text() const {
  if (kind == Kind::none) return "none";
  if (kind == Kind::bicubic) return "bicubic:" + std::to_string(factor);
  char digits[32];
  const auto [end, failure] =
      std::to_chars(digits, digits + sizeof(digits), sigma);  // the shortest that reads back the same
  return "noise:" + std::string(digits, failure == std::errc() ? end : digits);
}

Result<Degradation> parse_degradation(std::string_view text) {
  if (text == "none") return Degradation{};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return not_understood(text);
  const std::string_view kind = text.substr(0, colon), amount = text.substr(colon + 1);
  Degradation degradation;
  if (kind == "bicubic") {
    degradation.kind = Degradation::Kind::bicubic;
    if (!parse_whole(amount, degradation.factor)) return not_understood(text);
    if (degradation.factor < 2 || degradation.factor > 16) {
      return usage_error("the factor of \"" + std::string(text) + "\" is not in 2..16", std::string(kAdvice));
    }
    return degradation;
  }
  if (kind == "noise") {
    degradation.kind = Degradation::Kind::noise;
    if (!parse_whole(amount, degradation.sigma)) return not_understood(text);
    if (!(degradation.sigma >= 0 && degradation.sigma <= 255)) {  // NaN too
      return usage_error("the noise of \"" + std::string(text) + "\" is not in 0..255", std::string(kAdvice));
    }
    return degradation;
  }
  return not_understood(text);
}

Pair degrade(const Picture& clean, const Degradation& degradation, std::uint64_t seed) {
  switch (degradation.kind) {
    case Degradation::Kind::bicubic:
      return reduce(clean, degradation.factor);
    case Degradation::Kind::noise:
      return {add_noise(clean, degradation.sigma, seed), clean};
    case Degradation::Kind::none:
      break;
  }
  return {clean, clean};
}

}  // namespace mantissa::image
