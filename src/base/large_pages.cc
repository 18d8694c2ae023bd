#include "base/large_pages.h"

#include <sys/mman.h>

#include <new>

namespace mantissa::base {

std::shared_ptr<std::byte[]> large_pages(std::size_t size) {
  constexpr std::size_t kLarge = std::size_t{2} << 20U;  // x86-64, and most of Arm
  constexpr std::align_val_t kAligned{kLarge};
  if (size < 2 * kLarge) return std::make_shared_for_overwrite<std::byte[]>(size);
  const std::size_t rounded = (size + kLarge - 1) / kLarge * kLarge;
  auto* start = static_cast<std::byte*>(::operator new(rounded, kAligned));
#if defined(MADV_HUGEPAGE)
  ::madvise(start, rounded, MADV_HUGEPAGE);
#endif
  return {start, [](std::byte* memory) { ::operator delete(memory, kAligned); }};
}

}  // namespace mantissa::base
