#include "base/ring_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/bounded_queue.h"

namespace mantissa::base {
namespace {

struct Piece {
  std::shared_ptr<std::byte> memory;
  std::size_t size;
  std::byte value;
};

// Whether nobody else has written to it since it was filled.
bool is_whole(const Piece& piece) {
  return std::all_of(piece.memory.get(), piece.memory.get() + piece.size,
                     [&](std::byte each) { return each == piece.value; });
}

TEST(RingMemory, PiecesOfAnySizeNeverOverlap) {
  const auto ring = std::make_shared<RingMemory>(10000);
  BoundedQueue<Piece> queue(3);
  std::thread giver([&] {
    unsigned random = 1;
    for (int i = 0; i < 3000; ++i) {
      random = random * 1664525U + 1013904223U;
      const std::size_t size = 1 + (random >> 16U) % 7000;
      Piece piece{ring->take(size), size, static_cast<std::byte>(i)};
      std::fill_n(piece.memory.get(), size, piece.value);
      ASSERT_TRUE(queue.put(std::move(piece)));
    }
    queue.giver_leaves();
  });
  int whole = 0;
  while (const auto piece = queue.take()) whole += is_whole(*piece) ? 1 : 0;
  giver.join();
  EXPECT_EQ(whole, 3000);
}

TEST(RingMemory, PiecesMayGoInAnyOrder) {
  const auto ring = std::make_shared<RingMemory>(384);
  auto first = ring->take(128), second = ring->take(128), third = ring->take(100);
  const std::byte* begin = first.get();
  EXPECT_EQ(second.get(), begin + 128);
  second.reset();
  first.reset();  // room for 256 at the beginning
  auto fourth = ring->take(256);
  EXPECT_EQ(fourth.get(), begin);
  third.reset();
  fourth.reset();
  EXPECT_EQ(ring->take(384).get(), begin);
}

TEST(RingMemory, MakesRoomForALargerPiece) {
  const auto ring = std::make_shared<RingMemory>(10);
  const auto piece = ring->take(100000);
  std::fill_n(piece.get(), 100000, std::byte{1});
}

TEST(RingMemory, NobodyWaitsAfterClose) {
  const auto ring = std::make_shared<RingMemory>(64);
  const auto all = ring->take(64);
  std::thread waiting([&] { EXPECT_EQ(ring->take(1), nullptr); });
  ring->close();
  waiting.join();
}

}  // namespace
}  // namespace mantissa::base
