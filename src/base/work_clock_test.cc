#include "base/work_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace mantissa::base {
namespace {

TEST(WorkClock, StandsStillWhileNothingIsDone) {
  const WorkClock clock;
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  EXPECT_LT(clock.seconds(), waited.count() / 2);
}

TEST(WorkClock, CountsWorkUntilItIsDone) {
  const WorkClock clock;
  volatile double sum = 0;
  while (clock.seconds() < 0.01) sum = sum + 1;  // ends only if the clock moves
  EXPECT_GE(clock.seconds(), 0.01);
}

TEST(WorkClock, CountsTheWorkOfOtherThreads) {
  const WorkClock clock;
  std::thread([] {
    const WorkClock own;
    while (own.seconds() < 0.01) {
    }
  }).join();
  EXPECT_GT(clock.seconds(), 0);
}

}  // namespace
}  // namespace mantissa::base
