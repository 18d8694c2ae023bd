#include "base/memory.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/test_folder.h"

namespace mantissa::base {
namespace {

constexpr std::string_view kMeminfo = "MemTotal:       24000 kB\nMemFree:        1000 kB\nMemAvailable:   20000 kB\n";

class Memory : public testing::Test {
 protected:
  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    ASSERT_TRUE(write_text(folder_ / file, text).ok());
  }
  [[nodiscard]] std::optional<std::uint64_t> available(std::string_view groups) const {
    return available_memory(kMeminfo, groups, folder_.path());
  }
  TestFolder folder_;
};

TEST_F(Memory, IsWhatTheSystemHas) {
  EXPECT_EQ(available(""), 20000U * 1024);
  EXPECT_EQ(available_memory("nonsense", "", folder_.path()), std::nullopt);
}

TEST_F(Memory, IsNoMoreThanTheContainerLeaves) {
  write("a/memory.max", "9000000\n");
  write("a/memory.current", "5000000\n");
  write("a/memory.stat", "anon 1\ninactive_file 2000000\n");
  write("a/b/memory.max", "max\n");
  write("a/b/memory.current", "100\n");
  EXPECT_EQ(available("0::/a/b\n"), 6000000U) << "files that are cached are given back";
  EXPECT_EQ(available("0::/\n"), 20000U * 1024);
  write("memory/x/memory.limit_in_bytes", "1000\n");
  write("memory/x/memory.usage_in_bytes", "1200\n");
  EXPECT_EQ(available("4:memory:/x\n"), 0U);
  EXPECT_EQ(available("4:cpu:/x\n"), 20000U * 1024);
}

TEST(MemoryHere, IsSomething) {
  const auto bytes = available_memory();
  if (!bytes) GTEST_SKIP() << "the system does not say";
  EXPECT_GT(*bytes, 1U << 20);
}

}  // namespace
}  // namespace mantissa::base
