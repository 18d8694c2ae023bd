// The pictures of calibration and evaluation: found once, loaded and degraded one at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/degrade.h"
#include "image/picture.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::release {

struct Sample {
  std::string name;
  image::Picture input;                 // grey or RGB as the network's task has it, before the network's own colours
  std::optional<image::Picture> truth;  // scale times as large
  std::optional<float> level;           // of noise, in 8-bit levels, where the network is told
};

class PictureSet {
 public:
  // One folder: of pairs (names with LR and HR), or of pictures that are degraded, or of inputs without a true picture.
  // Two folders: inputs and true pictures whose names, in order, look alike. Pairs are never degraded: their inputs
  // are. Errors (bad_input): none or unpaired pictures; (usage): a range of levels of noise was stated for pictures
  // that are noisy already.
  [[nodiscard]] static Result<PictureSet> open(const std::vector<std::filesystem::path>& folders,
                                               const image::Degradation& degradation, const net::Task& task,
                                               std::uint64_t seed);

  [[nodiscard]] std::size_t size() const { return files_.size(); }
  // Where a range of levels of noise is stated, each picture gets its own level of it, and each further `version` of a
  // picture another one. Errors (bad_input): a grey picture for a colour network, one that is too small, a true picture
  // of the wrong size.
  [[nodiscard]] Result<Sample> load(std::size_t index, std::size_t version = 0) const;
  [[nodiscard]] bool level_varies() const;
  [[nodiscard]] bool adds_noise() const;          // to clean pictures, which are the true ones then
  [[nodiscard]] bool has_truth() const;           // whether samples come with true pictures
  [[nodiscard]] std::string description() const;  // "24 pictures of bsd_color_lr_x4"

 private:
  struct Files {
    std::filesystem::path input;
    std::filesystem::path truth;  // empty when there is none
  };
  [[nodiscard]] Result<void> check_levels() const;
  [[nodiscard]] std::optional<float> level_of(std::size_t number) const;
  static Result<void> check_all_paired(const std::vector<std::filesystem::path>& found,
                                       const std::vector<Files>& pairs);

  std::vector<Files> files_;
  image::Degradation degradation_;
  net::Task task_;
  std::uint64_t seed_ = 0;
  std::string folder_;
};

}  // namespace mantissa::release
