// Where the constants of a weight-only variant are put: in a file, or in memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "format/onnx/data_file.h"
#include "mantissa/result.h"
#include "quant/weight_panels.h"

namespace mantissa::release {

class WeightStore {
 public:
  WeightStore() = default;
  WeightStore(const WeightStore&) = delete;
  WeightStore& operator=(const WeightStore&) = delete;
  virtual ~WeightStore() = default;

  [[nodiscard]] virtual std::uint64_t reserve(std::uint64_t size) = 0;
  // Puts the rows where they belong, beginning at `offset`. May return before they are there; a failure shows then in a
  // later call.
  [[nodiscard]] virtual Result<void> put(std::uint64_t offset, quant::StoredPart part) = 0;
  // All that was put.
  [[nodiscard]] virtual Result<base::Bytes> finish() = 0;
};

class MemoryStore : public WeightStore {
 public:
  std::uint64_t reserve(std::uint64_t size) override;
  Result<void> put(std::uint64_t offset, quant::StoredPart part) override;
  Result<base::Bytes> finish() override;

 private:
  std::vector<std::byte> bytes_;
};

// Writes with a thread of its own, brings what is written to the disk at once, and keeps it out of memory.
class FileStore : public WeightStore {
 public:
  explicit FileStore(format::DataFile& data);
  ~FileStore() override;
  std::uint64_t reserve(std::uint64_t size) override;
  Result<void> put(std::uint64_t offset, quant::StoredPart part) override;
  Result<base::Bytes> finish() override;

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
