// What the tests of this part share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "image/picture.h"

namespace mantissa::image::testing {

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mantissa-image-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The shared test material, which a checkout need not have.
inline std::filesystem::path shared_folder() {
  const char* folder = std::getenv("MANTISSA_SHARED");
  return folder != nullptr && *folder != '\0' ? folder : "../shared";
}

// Every channel, row and column differs; samples are multiples of 1/levels.
inline Picture pattern(int width, int height, int channels, int levels = 255) {
  Picture picture(width, height, channels);
  for (int channel = 0; channel < channels; ++channel) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int level = (x * 7 + y * 31 + channel * 83 + x * y) * (levels / 255) % (levels + 1);
        picture.row(channel, y)[static_cast<std::size_t>(x)] = static_cast<float>(level) / static_cast<float>(levels);
      }
    }
  }
  return picture;
}

inline std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::filesystem::path& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace mantissa::image::testing
