#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/cpu.h"

namespace mantissa::base {
namespace {

TEST(Threads, AtLeastOneAndNoMoreThanCores) {
  EXPECT_GE(thread_count(), 1);
  EXPECT_LE(thread_count(), cpu().logical_cores);
}

TEST(Threads, CoversEveryIndexOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 7U, 64U, 1000U, 100'003U}) {
    for (const std::size_t grain : {0U, 1U, 3U, 64U, 1'000'000U}) {
      std::vector<std::atomic<int>> visits(count);
      parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) ++visits[i];
      });
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(visits[i], 1) << i << " of " << count << ", grain " << grain;
    }
  }
}

TEST(Threads, RangesAreAtLeastTheGrain) {
  std::mutex mutex;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  parallel_for(1000, 30, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    ranges.emplace_back(begin, end);
  });
  for (const auto& [begin, end] : ranges) {
    ASSERT_LT(begin, end);
    if (end != 1000) {
      EXPECT_GE(end - begin, 30U);
    }
  }
}

TEST(Threads, NestedCallsStayOnTheirThread) {
  std::atomic<int> elsewhere = 0;
  std::atomic<int> inner = 0;
  parallel_for(8, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto here = std::this_thread::get_id();
      parallel_for(100, 1, [&](std::size_t from, std::size_t to) {
        if (std::this_thread::get_id() != here) ++elsewhere;
        inner += static_cast<int>(to - from);
      });
    }
  });
  EXPECT_EQ(elsewhere, 0);
  EXPECT_EQ(inner, 800);
}

TEST(Threads, SeveralCallersAndManyCalls) {
  std::atomic<std::size_t> sum = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&sum] {
      for (int call = 0; call < 500; ++call) {
        parallel_for(100, 1, [&sum](std::size_t begin, std::size_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4U * 500 * 100);
}

TEST(Threads, UsesSeveralThreadsWhereThereAreSeveral) {
  if (thread_count() == 1) GTEST_SKIP() << "one core only";
  // Each body waits for the other, which takes two threads.
  std::atomic<int> arrived = 0;
  parallel_for(2, 1, [&](std::size_t, std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(Threads, TheLargestCountDoesNotOverflow) {
  std::atomic<std::size_t> covered = 0;
  parallel_for(std::numeric_limits<std::size_t>::max(), 1,
               [&](std::size_t begin, std::size_t end) { covered += end - begin; });
  EXPECT_EQ(covered, std::numeric_limits<std::size_t>::max());
}

}  // namespace
}  // namespace mantissa::base
