#include "release/source_reader.h"

#include <algorithm>

namespace mantissa::release {
namespace {

constexpr std::size_t kMostParts = 64;  // that are read and not taken

std::size_t room_for(const std::vector<base::Rows>& parts) {
  constexpr std::size_t kEnough = std::size_t{64} << 20U;  // to go on while somebody else has the processor
  std::size_t total = 0;
  std::size_t largest = 0;
  for (const base::Rows& part : parts) {
    if (part.bytes.file() == nullptr) continue;
    const std::size_t size = base::PartReader::room_for(part);
    total += size;
    largest = std::max(largest, size);
  }
  return std::min(total, std::max(2 * largest, kEnough));
}

}  // namespace

SourceReader::SourceReader(std::vector<base::Rows> parts)
    : parts_(std::move(parts)),
      reader_([this] { return stop_.load(); }),
      ring_(std::make_shared<base::RingMemory>(room_for(parts_))),
      read_(kMostParts),
      thread_([this] { read_parts(); }) {}

SourceReader::~SourceReader() {
  stop_ = true;
  read_.taker_leaves();
  ring_->close();
  thread_.join();
}

Result<base::Rows> SourceReader::next() {
  std::optional<Result<base::Rows>> part = read_.take();
  if (!part) return internal_error("more parts are asked for than there are");
  return *std::move(part);
}

void SourceReader::read_parts() {
  for (const base::Rows& part : parts_) {
    Result<base::Rows> there = part.bytes.file() == nullptr ? part : read(part);
    const bool ok = there.ok();
    if (!read_.put(std::move(there)) || !ok) break;
  }
  read_.giver_leaves();
}

Result<base::Rows> SourceReader::read(const base::Rows& part) {
  const std::size_t size = base::PartReader::room_for(part);
  std::shared_ptr<std::byte> room = ring_->take(size);
  if (!room) return internal_error("nobody waits for it any more");
  MANTISSA_ASSIGN(const auto bytes, reader_.read(part, {room.get(), size}));
  return base::Rows::of({std::move(room), bytes});
}

}  // namespace mantissa::release
