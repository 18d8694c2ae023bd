// Seconds by the clock and of the processor, since both tell something on a machine with other work.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace mantissa {

struct Times {
  double clock = 0;
  double processor = 0;
};

inline rusage usage_so_far() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

inline Times now() {
  const rusage usage = usage_so_far();
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const std::chrono::duration<double> clock = std::chrono::steady_clock::now().time_since_epoch();
  return {clock.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

inline Times operator-(const Times& a, const Times& b) { return {a.clock - b.clock, a.processor - b.processor}; }
inline Times operator+(const Times& a, const Times& b) { return {a.clock + b.clock, a.processor + b.processor}; }

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace mantissa
