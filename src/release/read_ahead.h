// Brings parts of mapped files into memory, in order, while earlier ones are worked on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace mantissa::release {

class ReadAhead {
 public:
  // At most `limit` bytes are read that are not done with, but always the next part; empty parts need no room.
  ReadAhead(std::vector<base::Bytes> parts, std::size_t limit);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Until part `index` is in memory.
  void wait_for(std::size_t index);
  // Parts up to `index` are not needed any more: makes room.
  void done_with(std::size_t index);

 private:
  void read();

  std::vector<base::Bytes> parts_;
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t read_ = 0;   // parts
  std::size_t done_ = 0;   // parts
  std::size_t ahead_ = 0;  // bytes that are read and not done with
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace mantissa::release
