// How much processor time a container (a Linux control group) may use.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mantissa::base {

// The smallest limit on the way from our group to the root, in cores (1.5, say); none when there is no limit. `root` is
// /sys/fs/cgroup, `groups` the text of /proc/self/cgroup. Understands versions 1 and 2 of control groups.
[[nodiscard]] std::optional<double> cpu_quota(const std::filesystem::path& root, std::string_view groups);

// The text of a file of /proc or /sys, which claim to be of size 0. None when it cannot be read.
[[nodiscard]] std::optional<std::string> read_kernel_text(const std::filesystem::path& path);

}  // namespace mantissa::base
