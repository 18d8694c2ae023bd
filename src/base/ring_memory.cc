#include "base/ring_memory.h"

#include <algorithm>

#include "base/large_pages.h"

namespace mantissa::base {

RingMemory::RingMemory(std::size_t size) : size_(size), memory_(large_pages(size)) {}

std::shared_ptr<std::byte> RingMemory::take(std::size_t size) {
  constexpr std::size_t kLine = 64;  // of a cache
  size = (std::max<std::size_t>(size, 1) + kLine - 1) / kLine * kLine;
  std::unique_lock lock(mutex_);
  std::optional<std::size_t> place;
  changed_.wait(lock, [&] { return closed_ || (place = place_for(size)).has_value(); });
  if (closed_) return nullptr;
  if (size > size_) {
    memory_.reset();
    memory_ = large_pages(size);
    size_ = size;
  }
  Piece& piece = pieces_.emplace_back(Piece{*place, *place + size, true});
  return {memory_.get() + *place, [ring = shared_from_this(), &piece](std::byte*) { ring->give_back(piece); }};
}

void RingMemory::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

// Behind the newest piece, or at the beginning.
std::optional<std::size_t> RingMemory::place_for(std::size_t size) const {
  if (pieces_.empty()) return 0;
  const std::size_t begin = pieces_.front().begin;
  const std::size_t end = pieces_.back().end;
  if (begin >= end) return begin - end >= size ? std::optional(end) : std::nullopt;
  if (size_ - end >= size) return end;
  return begin >= size ? std::optional<std::size_t>(0) : std::nullopt;
}

void RingMemory::give_back(Piece& piece) {
  const std::lock_guard lock(mutex_);
  piece.in_use = false;
  while (!pieces_.empty() && !pieces_.front().in_use) pieces_.pop_front();
  changed_.notify_all();
}

}  // namespace mantissa::base
