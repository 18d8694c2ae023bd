// Brings parts of mapped files into memory, in order and some ahead, while earlier ones are worked on.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/ring_memory.h"
#include "mantissa/result.h"

namespace mantissa::release {

class SourceReader {
 public:
  // Takes memory for two of the largest, or for 64 MB of smaller ones. Parts that are in memory stay where they are.
  explicit SourceReader(std::vector<base::Rows> parts);
  ~SourceReader();
  SourceReader(const SourceReader&) = delete;
  SourceReader& operator=(const SourceReader&) = delete;

  // The next part, in memory, rows one behind the other where they were read; to be called once for each. Its memory is
  // free for others when nobody holds its bytes. Errors: of PartReader.
  [[nodiscard]] Result<base::Rows> next();

 private:
  void read_parts();
  [[nodiscard]] Result<base::Rows> read(const base::Rows& part);

  std::vector<base::Rows> parts_;
  std::atomic<bool> stop_ = false;
  base::PartReader reader_;
  std::shared_ptr<base::RingMemory> ring_;
  base::BoundedQueue<Result<base::Rows>> read_;
  std::thread thread_;
};

}  // namespace mantissa::release
