// Simple data parallelism over the cores that this process may use.
#pragma once

#include <cstddef>
#include <functional>

namespace mantissa::base {

// Cores to use; at least 1. $MANTISSA_THREADS lowers it.
[[nodiscard]] int thread_count();

// Calls body(begin, end) on disjoint ranges that cover [0, count), from several threads, and waits. Ranges are at least
// `grain` long (the last may be shorter). `body` must not throw. Calls from inside a body run on the calling thread,
// and so does a call while another thread's is running.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace mantissa::base
