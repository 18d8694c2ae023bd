#include "release/picture_set.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <random>

#include "image/codec.h"
#include "image/colour.h"

namespace mantissa::release {
namespace {

namespace fs = std::filesystem;

constexpr int kSmallestSide = 16;  // below it nothing is left of a picture once borders are shaved

// "img_001_SRF_4_LR.png" -> "img_001_SRF_4_HR.png"; empty when the name has no LR.
std::string partner_of(const std::string& name) {
  const std::size_t at = name.rfind("LR");
  return at == std::string::npos ? std::string() : name.substr(0, at) + "HR" + name.substr(at + 2);
}

// What is left of a name without its extension, "LR", "HR", "x4" and everything that is neither letter nor digit.
std::string essence_of(const fs::path& file) {
  std::string kept;
  for (const char c : file.stem().string())
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* mark : {"lr", "hr", "x2", "x3", "x4", "x8"})
    if (const std::size_t at = kept.rfind(mark); at != std::string::npos) kept.erase(at, 2);
  return kept;
}

// Whether two files may be an input and its true picture: "0801x4.png" and "0801.png", "baby_LR_bicubic.png" and
// "baby.png".
bool may_belong_together(const fs::path& input, const fs::path& truth) {
  const std::string a = essence_of(input);
  const std::string b = essence_of(truth);
  const auto begins = [](const std::string& whole, const std::string& part) {
    return whole.starts_with(part) &&
           (whole.size() == part.size() || std::isdigit(static_cast<unsigned char>(whole[part.size()])) == 0);
  };
  return begins(a, b) || begins(b, a);
}

std::string size_of(const image::Picture& picture) {
  return std::to_string(picture.width) + "x" + std::to_string(picture.height);
}

Result<image::Picture> load_for(const fs::path& file, net::Colour colour) {
  MANTISSA_ASSIGN(image::Picture picture, image::read_picture(file));  // its errors name the file
  if (colour == net::Colour::luminance)
    return picture.channels == 3 ? image::rgb_to_luminance(picture) : std::move(picture);
  if (picture.channels != 3)
    return bad_input("the picture " + file.string() + " is grey, the network restores colour pictures",
                     "Give pictures of the kind that the network will see");
  return picture;
}

}  // namespace

bool PictureSet::level_varies() const {
  const auto& condition = task_.condition;
  return condition && condition->levels && condition->levels->low < condition->levels->high;
}

bool PictureSet::adds_noise() const {
  return degradation_.kind == image::Degradation::Kind::noise && files_.front().truth.empty();
}

// Nobody knows which level a picture has that is noisy already.
Result<void> PictureSet::check_levels() const {
  if (!level_varies() || adds_noise()) return {};
  return usage_error(
      "the pictures of " + folder_ + " are noisy as they are, and a range of levels does not say which has which",
      "State the one level that they have, as in --sigma 25, or give clean pictures");
}

// Steps of the golden ratio: however many pictures there are, their levels lie evenly in the range.
std::optional<float> PictureSet::level_of(std::size_t number) const {
  constexpr double kStep = 0.6180339887498949;
  if (!task_.condition || !task_.condition->levels) return std::nullopt;
  const net::Levels& levels = *task_.condition->levels;
  const double start = std::ldexp(static_cast<double>(std::mt19937_64(seed_)() >> 11), -53);  // in 0..1
  const double place = start + kStep * static_cast<double>(number);
  return levels.low + static_cast<float>(place - std::floor(place)) * (levels.high - levels.low);
}

Result<void> PictureSet::check_all_paired(const std::vector<fs::path>& found, const std::vector<Files>& pairs) {
  for (const fs::path& file : found) {
    const bool paired = std::any_of(pairs.begin(), pairs.end(),
                                    [&](const Files& pair) { return pair.input == file || pair.truth == file; });
    if (!paired)
      return bad_input(file.string() + " has no partner, other pictures of the folder are pairs of LR and HR",
                       "Add its partner or take it away");
  }
  return {};
}

Result<PictureSet> PictureSet::open(const std::vector<fs::path>& folders, const image::Degradation& degradation,
                                    const net::Task& task, std::uint64_t seed) {
  PictureSet set;
  set.degradation_ = degradation;
  set.task_ = task;
  set.seed_ = seed;
  set.folder_ = fs::weakly_canonical(folders.front()).filename().string();
  MANTISSA_ASSIGN(const std::vector<fs::path> first, image::pictures_in(folders.front()));
  if (first.empty())
    return bad_input("the folder " + folders.front().string() + " holds no pictures",
                     "PNG, JPEG, TIFF and WebP are read");

  if (folders.size() == 2) {
    MANTISSA_ASSIGN(const std::vector<fs::path> second, image::pictures_in(folders[1]));
    if (first.size() != second.size())
      return bad_input("the folders " + folders[0].string() + " and " + folders[1].string() + " hold " +
                           std::to_string(first.size()) + " and " + std::to_string(second.size()) + " pictures",
                       "Each input needs its true picture, in the same order by name");
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (!may_belong_together(first[i], second[i]))
        return bad_input(
            first[i].string() + " and " + second[i].string() + " do not look like an input and its true picture",
            "Give both the same name");
      set.files_.push_back({first[i], second[i]});
    }
    MANTISSA_TRY(set.check_levels());
    return set;
  }
  for (const fs::path& file : first) {
    const fs::path partner = file.parent_path() / partner_of(file.filename().string());
    if (partner.has_filename() && std::find(first.begin(), first.end(), partner) != first.end())
      set.files_.push_back({file, partner});
  }
  if (!set.files_.empty()) {
    MANTISSA_TRY(check_all_paired(first, set.files_));
    MANTISSA_TRY(set.check_levels());
    return set;
  }
  for (const fs::path& file : first) set.files_.push_back({file, {}});
  MANTISSA_TRY(set.check_levels());
  return set;
}

Result<Sample> PictureSet::load(std::size_t index, std::size_t version) const {
  const Files& files = files_[index];
  const std::string name = files.input.filename().string();
  MANTISSA_ASSIGN(image::Picture input, load_for(files.input, task_.colour));
  const std::size_t number = index + version * files_.size();
  Sample sample{name, std::move(input), {}, level_of(number)};
  if (!files.truth.empty()) {
    MANTISSA_ASSIGN(sample.truth, load_for(files.truth, task_.colour));
  } else if (degradation_.kind != image::Degradation::Kind::none) {
    image::Degradation degradation = degradation_;
    if (sample.level && degradation.kind == image::Degradation::Kind::noise) degradation.sigma = *sample.level;
    image::Pair pair = image::degrade(sample.input, degradation, seed_ + number);
    sample.input = std::move(pair.input);
    sample.truth = std::move(pair.truth);
  }
  const int least = std::max(kSmallestSide, task_.size_multiple);
  if (std::min(sample.input.width, sample.input.height) < least)
    return bad_input(files.input.string() + " gives the network " + size_of(sample.input) +
                         " pixels, and it needs at least " + std::to_string(least) + " on each side",
                     "Use larger pictures");
  if (sample.truth) {
    const int width = sample.input.width * task_.scale;
    const int height = sample.input.height * task_.scale;
    const bool fits = sample.truth->width >= width && sample.truth->height >= height &&
                      sample.truth->width < width + task_.scale && sample.truth->height < height + task_.scale;
    if (!fits)
      return bad_input("the true picture of " + files.input.string() + " has " + size_of(*sample.truth) +
                           " pixels, not " + std::to_string(width) + "x" + std::to_string(height),
                       "The network enlarges " + std::to_string(task_.scale) + " times");
    sample.truth = image::crop(*sample.truth, {0, 0, width, height});
  }
  return sample;
}

bool PictureSet::has_truth() const {
  return degradation_.kind != image::Degradation::Kind::none || !files_.front().truth.empty();
}

std::string PictureSet::description() const {
  const bool pairs = !files_.front().truth.empty();
  return std::to_string(files_.size()) + (pairs ? " pairs of " : " pictures of ") + folder_;
}

}  // namespace mantissa::release
