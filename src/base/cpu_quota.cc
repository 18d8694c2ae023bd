#include "base/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace mantissa::base {
namespace fs = std::filesystem;
namespace {

// "150000 100000": microseconds of every period; "max 100000" or "-1 100000" without a limit.
std::optional<double> parse_quota(const std::string& text) {
  std::istringstream in(text);
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_of(const fs::path& group, bool second_version) {
  if (second_version) return parse_quota(read_kernel_text(group / "cpu.max").value_or(""));
  return parse_quota(read_kernel_text(group / "cpu.cfs_quota_us").value_or("") + " " +
                     read_kernel_text(group / "cpu.cfs_period_us").value_or(""));
}

bool contains_item(std::string_view list, std::string_view item) {
  std::istringstream in{std::string(list)};
  for (std::string each; std::getline(in, each, ',');) {
    if (each == item) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> read_kernel_text(const fs::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void for_each_control_group(const fs::path& root, std::string_view groups, std::string_view controller,
                            const std::function<void(const fs::path& group, bool second_version)>& look) {
  std::istringstream lines{std::string(groups)};
  // "0::/user.slice" (version 2) or "4:cpu,cpuacct:/docker/ab12" (version 1)
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !contains_item(controllers, controller)) continue;
    const fs::path top = controllers.empty() ? root : root / controller;
    for (fs::path group = fs::path(line.substr(second + 1)).relative_path();; group = group.parent_path()) {
      // Inside a container the path is often one of the host's, and only the root is there.
      look(top / group, controllers.empty());
      if (group.empty()) break;
    }
  }
}

std::optional<double> cpu_quota(const fs::path& root, std::string_view groups) {
  std::optional<double> smallest;
  for_each_control_group(root, groups, "cpu", [&](const fs::path& group, bool second_version) {
    if (const auto quota = quota_of(group, second_version)) smallest = std::min(smallest.value_or(*quota), *quota);
  });
  return smallest;
}

}  // namespace mantissa::base
