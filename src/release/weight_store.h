// The file where the constants of a weight-only variant are put.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "format/onnx/data_file.h"
#include "mantissa/result.h"
#include "quant/weight_panels.h"

namespace mantissa::release {

// Writes with a thread of its own, brings what is written to the disk at once, and keeps it out of memory.
class WeightStore {
 public:
  explicit WeightStore(format::DataFile& data);
  WeightStore(const WeightStore&) = delete;
  WeightStore& operator=(const WeightStore&) = delete;
  ~WeightStore();

  [[nodiscard]] std::uint64_t reserve(std::uint64_t size);
  // Puts the rows where they belong, beginning at `offset`. May return before they are there; a failure shows then in a
  // later call.
  [[nodiscard]] Result<void> put(std::uint64_t offset, quant::StoredPart part);
  // All that was put.
  [[nodiscard]] Result<base::Bytes> finish();

 private:
  struct Piece {
    std::uint64_t offset;
    quant::StoredPart part;
  };
  void write_pieces();
  [[nodiscard]] Result<void> write(const Piece& piece);
  void flush_behind(std::uint64_t offset, std::uint64_t size);

  format::DataFile& data_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  bool writing_ = false;
  bool stop_ = false;
  Result<void> failed_;
  struct Range {
    std::uint64_t offset;
    std::uint64_t size;
  };
  std::deque<Range> unflushed_;  // on their way to the disk
  std::uint64_t unflushed_bytes_ = 0;
  std::thread thread_;
};

}  // namespace mantissa::release
