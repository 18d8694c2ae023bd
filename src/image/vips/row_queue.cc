#include "image/vips/row_queue.h"

#include <cassert>
#include <cstring>
#include <utility>

namespace mantissa::image {

bool RowQueue::put(std::vector<std::byte> rows) {
  assert(rows.size() % row_bytes_ == 0);
  if (rows.empty()) return true;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return batches_.empty() || !taker_here_; });
  if (!taker_here_) return false;
  batches_.push_back(std::move(rows));
  changed_.notify_all();
  return true;
}

bool RowQueue::take(std::span<std::byte> row) {
  assert(row.size() == row_bytes_);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !batches_.empty() || !giver_here_; });
  if (batches_.empty()) return false;
  std::memcpy(row.data(), batches_.front().data() + used_, row_bytes_);
  used_ += row_bytes_;
  if (used_ == batches_.front().size()) {
    spare_ = std::move(batches_.front());
    batches_.pop_front();
    used_ = 0;
    changed_.notify_all();
  }
  return true;
}

std::vector<std::byte> RowQueue::take_spare() {
  const std::lock_guard lock(mutex_);
  return std::exchange(spare_, {});
}

void RowQueue::giver_leaves() {
  const std::lock_guard lock(mutex_);
  giver_here_ = false;
  changed_.notify_all();
}

void RowQueue::taker_leaves() {
  const std::lock_guard lock(mutex_);
  taker_here_ = false;
  batches_.clear();
  used_ = 0;
  changed_.notify_all();
}

}  // namespace mantissa::image
