// The shared test material, where it is present: $MANTISSA_SHARED, or ../shared. Never part of the project.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mantissa::run {

inline std::filesystem::path shared_folder() {
  const char* const named = std::getenv("MANTISSA_SHARED");
  return named != nullptr ? std::filesystem::path(named) : std::filesystem::path("../shared");
}

inline std::string bytes_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// A NumPy file of little-endian float32 in C order; throws for anything else.
inline Array read_npy(const std::filesystem::path& path) {
  const std::string file = bytes_of_file(path);
  if (file.size() < 10 || file.compare(0, 6, "\x93NUMPY") != 0) throw std::runtime_error(path.string() + ": not NumPy");
  const std::size_t header_size = static_cast<unsigned char>(file[8]) + 256U * static_cast<unsigned char>(file[9]);
  const std::string header = file.substr(10, header_size);
  if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    throw std::runtime_error(path.string() + ": not float32 in C order");
  Array array;
  std::istringstream sizes(header.substr(header.find('(') + 1));
  std::size_t count = 1;
  for (std::int64_t size = 0; sizes >> size; sizes.ignore(1)) {
    array.shape.push_back(size);
    count *= static_cast<std::size_t>(size);
  }
  array.values.resize(count);
  if (file.size() != 10 + header_size + 4 * count) throw std::runtime_error(path.string() + ": wrong size");
  std::memcpy(array.values.data(), file.data() + 10 + header_size, 4 * count);
  return array;
}

}  // namespace mantissa::run

// Skips the test, with the reason, where the material is absent.
#define MANTISSA_NEEDS_SHARED(path)                                              \
  if (!std::filesystem::exists(mantissa::run::shared_folder() / (path)))         \
  GTEST_SKIP() << "needs " << (mantissa::run::shared_folder() / (path)).string() \
               << ", which is not part of the project; set MANTISSA_SHARED"
