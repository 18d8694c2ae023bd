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

void take_smallest(std::optional<double>& smallest, const fs::path& root, fs::path group, bool second_version) {
  for (group = group.relative_path();; group = group.parent_path()) {
    // Inside a container the path is often one of the host's, and only the root is there.
    if (const auto quota = quota_of(root / group, second_version))
      smallest = std::min(smallest.value_or(*quota), *quota);
    if (group.empty()) return;
  }
}

}  // namespace

std::optional<std::string> read_kernel_text(const fs::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::optional<double> cpu_quota(const fs::path& root, std::string_view groups) {
  std::optional<double> smallest;
  std::istringstream lines{std::string(groups)};
  // "0::/user.slice" (version 2) or "4:cpu,cpuacct:/docker/ab12" (version 1)
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) {
      take_smallest(smallest, root, line.substr(second + 1), true);
    } else if (contains_item(controllers, "cpu")) {
      take_smallest(smallest, root / "cpu", line.substr(second + 1), false);
    }
  }
  return smallest;
}

}  // namespace mantissa::base
