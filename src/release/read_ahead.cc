#include "release/read_ahead.h"

#include <algorithm>

#include "base/files.h"

namespace mantissa::release {

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
  constexpr std::size_t kStep = std::size_t{8} << 20U;  // after which it is seen whether to stop
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return stop_ || parts_[i].empty() || ahead_ == 0 || ahead_ + parts_[i].size() <= limit_; });
    ahead_ += parts_[i].size();
    for (std::size_t begin = 0; begin < parts_[i].size() && !stop_; begin += kStep) {
      lock.unlock();
      base::read_pages(parts_[i].part(begin, std::min(kStep, parts_[i].size() - begin)));
      lock.lock();
    }
    if (stop_) return;
    ++read_;
    changed_.notify_all();
  }
}

}  // namespace mantissa::release
