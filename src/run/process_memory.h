// How much memory this process has, and had at most.
#pragma once

#include <cstdint>

namespace mantissa::run {

// Resident now, in bytes; what the allocator keeps without need is given back first. 0 where the system does not say.
[[nodiscard]] std::int64_t memory_now();
// The most that was resident since reset_peak_memory(), in bytes.
[[nodiscard]] std::int64_t peak_memory();
// False where the system cannot (only Linux can): peak_memory() then counts from the start of the process.
bool reset_peak_memory();

}  // namespace mantissa::run
