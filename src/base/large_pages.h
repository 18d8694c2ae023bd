// Memory in large pages, where the system has them: what is walked through in columns would otherwise miss the table of
// pages at each step, and coming to it for the first time costs less.
#pragma once

#include <cstddef>
#include <memory>

namespace mantissa::base {

// Not filled; aligned to 2 MiB from 4 MiB on. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<std::byte[]> large_pages(std::size_t size);

}  // namespace mantissa::base
