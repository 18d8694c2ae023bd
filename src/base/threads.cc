#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/cpu.h"
#include "base/progress.h"

namespace mantissa::base {
namespace {

using Body = std::function<void(std::size_t, std::size_t)>;

int find_thread_count() {
  const int cores = cpu().logical_cores;
  const char* text = std::getenv("MANTISSA_THREADS");
  if (text == nullptr || *text == '\0') return cores;
  int wanted = 0;
  const char* end = text + std::strlen(text);
  if (const auto [rest, error] = std::from_chars(text, end, wanted);
      error != std::errc() || rest != end || wanted < 1) {
    warn("MANTISSA_THREADS is \"" + std::string(text) + "\", which is not a number of threads: ignored");
    return cores;
  }
  return std::min(cores, wanted);
}

// One call of parallel_for: who has time takes the next range.
struct Work {
  const Body& body;
  std::size_t count;
  std::size_t length;  // of a range
  std::atomic<std::size_t> next_range = 0;

  void take_part() noexcept {
    for (;;) {
      const std::size_t range = next_range.fetch_add(1);
      if (range >= ranges()) return;
      const std::size_t begin = range * length;
      body(begin, begin + std::min(length, count - begin));
    }
  }
  [[nodiscard]] std::size_t ranges() const { return count / length + (count % length != 0 ? 1 : 0); }
};

// Threads that sleep between calls; starting them anew would cost more than many a layer takes.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) std::thread([this] { serve(); }).detach();
    threads_ = threads;
  }

  // One caller at a time.
  void run(Work& work) {
    {
      const std::lock_guard lock(mutex_);
      work_ = &work;
      ++generation_;
      busy_ = threads_;
    }
    wake_.notify_all();
    work.take_part();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    work_ = nullptr;
  }

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Work* work_ = nullptr;
  std::uint64_t generation_ = 0;
  int threads_ = 0;
  int busy_ = 0;
};

// Whether this thread is inside a body.
thread_local bool inside = false;

void Pool::serve() {
  inside = true;
  std::unique_lock lock(mutex_);
  for (std::uint64_t seen = 0;;) {
    wake_.wait(lock, [&] { return generation_ != seen; });
    seen = generation_;
    Work* work = work_;
    lock.unlock();
    work->take_part();
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace

int thread_count() {
  static const int count = find_thread_count();
  return count;
}

void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
  if (count == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  static std::mutex one_caller;
  std::unique_lock lock(one_caller, std::defer_lock);
  // A second caller at the same time finds every core taken, and works alone.
  if (thread_count() == 1 || count <= grain || inside || !lock.try_lock()) return body(0, count);

  // Several ranges for each thread, so that one slow range or core does not hold up all.
  constexpr std::size_t ranges_per_thread = 4;
  const auto threads = static_cast<std::size_t>(thread_count());
  Work work{body, count, std::max(grain, count / (threads * ranges_per_thread))};
  // Never destroyed: its threads sleep in it until the process ends.
  static auto* const pool = new Pool(thread_count() - 1);
  inside = true;
  pool->run(work);
  inside = false;
}

}  // namespace mantissa::base
