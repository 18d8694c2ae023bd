#include "release/read_ahead.h"

#include <algorithm>

#include "base/files.h"

namespace mantissa::release {

namespace {

// Walks through the parts and asks the disk for their pages.
class Cursor {
 public:
  explicit Cursor(const std::vector<base::Bytes>& parts) : parts_(parts) {}

  // Up to so many bytes from the beginning of the first part, in steps.
  void ask_until(std::size_t end, std::size_t step) {
    while (asked_ < end && part_ < parts_.size()) {
      const std::size_t size = std::min(step, parts_[part_].size() - at_);
      base::ask_for_pages(parts_[part_].part(at_, size));
      asked_ += size;
      at_ += size;
      if (at_ < parts_[part_].size()) continue;
      ++part_;
      at_ = 0;
    }
  }

 private:
  const std::vector<base::Bytes>& parts_;
  std::size_t part_ = 0;
  std::size_t at_ = 0;  // within it
  std::size_t asked_ = 0;
};

}  // namespace

ReadAhead::ReadAhead(std::vector<base::Bytes> parts, std::size_t limit)
    : parts_(std::move(parts)), limit_(limit), thread_([this] { read(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::wait_for(std::size_t index) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return read_ > index; });
}

void ReadAhead::done_with(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    for (; done_ <= index; ++done_) ahead_ -= parts_[done_].size();
  }
  changed_.notify_all();
}

void ReadAhead::read() {
  constexpr std::size_t kStep = std::size_t{4} << 20U;  // after which it is seen whether to stop
  constexpr std::size_t kAsked = 4 * kStep;             // before it is needed, so that the disk is never idle
  Cursor asked(parts_);
  std::size_t total = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return stop_ || parts_[i].empty() || ahead_ == 0 || ahead_ + parts_[i].size() <= limit_; });
    ahead_ += parts_[i].size();
    for (std::size_t begin = 0; begin < parts_[i].size() && !stop_; begin += kStep) {
      lock.unlock();
      const base::Bytes step = parts_[i].part(begin, std::min(kStep, parts_[i].size() - begin));
      total += step.size();
      asked.ask_until(total + kAsked, kStep);
      base::read_pages(step);
      lock.lock();
    }
    if (stop_) return;
    ++read_;
    changed_.notify_all();
  }
}

}  // namespace mantissa::release
