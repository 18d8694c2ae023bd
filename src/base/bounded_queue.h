// Hands things from one thread to another, a bounded number ahead.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mantissa::base {

template <class Thing>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t most) : most_(most) {}

  // Waits while the queue is full. False when the taker has gone.
  [[nodiscard]] bool put(Thing thing) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return things_.size() < most_ || !taker_here_; });
    if (!taker_here_) return false;
    things_.push_back(std::move(thing));
    changed_.notify_all();
    return true;
  }

  // Waits for the next one. None when the giver has gone and nothing is left.
  [[nodiscard]] std::optional<Thing> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !things_.empty() || !giver_here_; });
    if (things_.empty()) return std::nullopt;
    std::optional<Thing> thing = std::move(things_.front());
    things_.pop_front();
    changed_.notify_all();
    return thing;
  }

  // Either side ends: nobody waits for it any more.
  void giver_leaves() { leave(giver_here_); }
  void taker_leaves() { leave(taker_here_); }

 private:
  void leave(bool& here) {
    const std::lock_guard lock(mutex_);
    here = false;
    changed_.notify_all();
  }

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Thing> things_;
  bool giver_here_ = true;
  bool taker_here_ = true;
};

}  // namespace mantissa::base
