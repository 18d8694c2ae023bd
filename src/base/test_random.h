// For tests: numbers that look random and are the same everywhere with one standard library.
#pragma once

#include <random>
#include <vector>

namespace mantissa::base {

// Of a normal distribution around 0.
inline std::vector<float> normal_numbers(std::size_t count, unsigned seed, float sigma = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

}  // namespace mantissa::base
