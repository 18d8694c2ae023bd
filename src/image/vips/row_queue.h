// Hands rows from the thread that computes them to the thread that encodes them, one batch ahead.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace mantissa::image {

class RowQueue {
 public:
  explicit RowQueue(std::size_t row_bytes) : row_bytes_(row_bytes) {}

  // Waits while rows of the last batch are not taken: while some are encoded, others are put together, and memory is
  // that of two batches. False when the taker has gone.
  [[nodiscard]] bool put(std::vector<std::byte> rows);
  // Memory of rows that have been taken, for the next ones; empty where there is none.
  [[nodiscard]] std::vector<std::byte> take_spare();
  // Waits for the next row. False when the giver has gone without one.
  [[nodiscard]] bool take(std::span<std::byte> row);
  // Either side ends: nobody waits any more.
  void giver_leaves();
  void taker_leaves();

 private:
  std::size_t row_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<std::byte>> batches_;
  std::vector<std::byte> spare_;
  std::size_t used_ = 0;  // bytes of the first batch that are taken already
  bool giver_here_ = true;
  bool taker_here_ = true;
};

}  // namespace mantissa::image
