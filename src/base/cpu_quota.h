// What a container (a Linux control group) may use: processor time here, memory in memory.h.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mantissa::base {

// The smallest limit on the way from our group to the root, in cores (1.5, say); none when there is no limit. `root` is
// /sys/fs/cgroup, `groups` the text of /proc/self/cgroup. Understands versions 1 and 2 of control groups.
[[nodiscard]] std::optional<double> cpu_quota(const std::filesystem::path& root, std::string_view groups);

// Calls `look(group, second_version)` for each folder from our group to the root, once for each version of control groups
// that knows the controller ("cpu", "memory"). Arguments as above.
void for_each_control_group(const std::filesystem::path& root, std::string_view groups, std::string_view controller,
                            const std::function<void(const std::filesystem::path& group, bool second_version)>& look);

// The text of a file of /proc or /sys, which claim to be of size 0. None when it cannot be read.
[[nodiscard]] std::optional<std::string> read_kernel_text(const std::filesystem::path& path);

}  // namespace mantissa::base
