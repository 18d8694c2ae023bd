#include "release/weight_store.h"

namespace mantissa::release {
namespace {

// Pieces in memory that are not written yet; more only make memory grow.
constexpr std::size_t kMostWaiting = 4;
// Written bytes that may be on their way to the disk, so that it always has something to do.
constexpr std::uint64_t kMostUnflushed = std::uint64_t{32} << 20U;

// Calls visit(offset, bytes) for each row.
template <class Visit>
Result<void> for_each_row(std::uint64_t offset, const quant::StoredPart& part, Visit&& visit) {
  std::uint64_t to = offset + part.offset;
  for (std::size_t from = 0; from < part.bytes.size(); from += part.row, to += part.stride)
    MANTISSA_TRY(visit(to, part.bytes.span().subspan(from, part.row)));
  return {};
}

}  // namespace

WeightStore::WeightStore(format::DataFile& data) : data_(data), thread_([this] { write_pieces(); }) {}

WeightStore::~WeightStore() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::uint64_t WeightStore::reserve(std::uint64_t size) { return data_.reserve(size); }

Result<void> WeightStore::put(std::uint64_t offset, quant::StoredPart part) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !failed_.ok() || waiting_.size() < kMostWaiting; });
  if (!failed_.ok()) return failed_.error();
  waiting_.push_back({offset, std::move(part)});
  changed_.notify_all();
  return {};
}

Result<base::Bytes> WeightStore::finish() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !failed_.ok() || (waiting_.empty() && !writing_); });
    if (!failed_.ok()) return failed_.error();
  }
  return data_.contents();
}

void WeightStore::write_pieces() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    const Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    changed_.notify_all();
    lock.unlock();
    Result<void> written = write(piece);
    lock.lock();
    writing_ = false;
    if (!written.ok() && failed_.ok()) failed_ = std::move(written);
    changed_.notify_all();
  }
}

Result<void> WeightStore::write(const Piece& piece) {
  MANTISSA_TRY(for_each_row(piece.offset, piece.part, [&](std::uint64_t to, std::span<const std::byte> row) {
    return data_.file().write_at(to, row);
  }));
  // Rows with gaps are flushed by the system when it likes.
  if (piece.part.row == piece.part.bytes.size()) flush_behind(piece.offset + piece.part.offset, piece.part.row);
  return {};
}

void WeightStore::flush_behind(std::uint64_t offset, std::uint64_t size) {
  data_.file().begin_flush(offset, size);
  unflushed_.push_back({offset, size});
  unflushed_bytes_ += size;
  while (unflushed_bytes_ > kMostUnflushed && unflushed_.size() > 1) {
    const Range oldest = unflushed_.front();
    data_.file().finish_flush(oldest.offset, oldest.size);
    unflushed_bytes_ -= oldest.size;
    unflushed_.pop_front();
  }
}

}  // namespace mantissa::release
