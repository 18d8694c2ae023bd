// Memory for pieces that come and go in about the same order, as those do that one thread reads and another works on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace mantissa::base {

class RingMemory : public std::enable_shared_from_this<RingMemory> {
 public:
  explicit RingMemory(std::size_t size);

  // Room for a piece, until the last copy of the pointer goes. Waits while there is none; a piece larger than all gets
  // its room when nobody else has any. Null after close(). Aligned to 64 bytes, or to
  // more if all sizes are multiples of that.
  [[nodiscard]] std::shared_ptr<std::byte> take(std::size_t size);
  // Nobody waits any more.
  void close();

 private:
  struct Piece {
    std::size_t begin;
    std::size_t end;
    bool in_use;
  };
  [[nodiscard]] std::optional<std::size_t> place_for(std::size_t size) const;
  void give_back(Piece& piece);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t size_;
  std::shared_ptr<std::byte[]> memory_;
  std::deque<Piece> pieces_;  // in the order in which they were taken
  bool closed_ = false;
};

}  // namespace mantissa::base
