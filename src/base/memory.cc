#include "base/memory.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/cpu_quota.h"

namespace mantissa::base {
namespace fs = std::filesystem;
namespace {

// The number that a text begins with, spaces apart; none for "max".
std::optional<std::uint64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// "name 123" on a line of its own.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? std::nullopt : number_at(text.substr(at + name.size()));
}

std::optional<std::uint64_t> number_in(const fs::path& file) { return number_at(read_kernel_text(file).value_or("")); }

// What a group's limit leaves. What it holds of files is given back when memory is needed.
std::optional<std::uint64_t> left_in(const fs::path& group, bool second_version) {
  const auto limit = number_in(group / (second_version ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = number_in(group / (second_version ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !used) return std::nullopt;
  const std::string details = read_kernel_text(group / "memory.stat").value_or("");
  const std::uint64_t files = number_behind(details, "\ninactive_file ").value_or(0);
  const std::uint64_t needed = *used - std::min(files, *used);
  return *limit - std::min(needed, *limit);
}

}  // namespace

std::optional<std::uint64_t> available_memory(std::string_view meminfo, std::string_view groups, const fs::path& root) {
  std::optional<std::uint64_t> least = number_behind(meminfo, "MemAvailable:");
  if (least) *least *= 1024;  // "kB"
  for_each_control_group(root, groups, "memory", [&](const fs::path& group, bool second_version) {
    if (const auto left = left_in(group, second_version)) least = std::min(least.value_or(*left), *left);
  });
  return least;
}

std::optional<std::uint64_t> available_memory() {
  return available_memory(read_kernel_text("/proc/meminfo").value_or(""),
                          read_kernel_text("/proc/self/cgroup").value_or(""), "/sys/fs/cgroup");
}

}  // namespace mantissa::base
