// How much memory there is to use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace mantissa::base {

// Bytes that this process can still take without anything being swapped out or killed: what the system has free or can
// free at once, and no more than the limits of our container leave. nullopt where the system does not say.
[[nodiscard]] std::optional<std::uint64_t> available_memory();

// The same from the texts of /proc/meminfo and /proc/self/cgroup and the folder /sys/fs/cgroup (control groups of version 1 and 2).
[[nodiscard]] std::optional<std::uint64_t> available_memory(std::string_view meminfo, std::string_view groups,
                                                            const std::filesystem::path& root);

}  // namespace mantissa::base
