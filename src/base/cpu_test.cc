#include "base/cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/cpu_quota.h"
#include "base/files.h"
#include "base/test_folder.h"

namespace mantissa::base {
namespace {

TEST(Cpu, HasAModelAndCoresThatExist) {
  EXPECT_FALSE(cpu().model.empty());
  EXPECT_GE(cpu().logical_cores, 1);
  EXPECT_LE(cpu().logical_cores, ::sysconf(_SC_NPROCESSORS_CONF));
  EXPECT_EQ(&cpu(), &cpu());
}

#if defined(__x86_64__) && defined(__linux__)

// The kernel's own list is the independent source; it leaves out what it does not support.
TEST(Cpu, AgreesWithTheKernel) {
  if (std::getenv("MANTISSA_CPU") != nullptr) GTEST_SKIP() << "MANTISSA_CPU hides features";
  std::istringstream lines(read_kernel_text("/proc/cpuinfo").value_or(""));
  std::string flags;
  while (std::getline(lines, flags) && flags.rfind("flags", 0) != 0) {
  }
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags";
  flags += " ";
  const auto has = [&](const std::string& flag) { return flags.find(" " + flag + " ") != std::string::npos; };
  const bool avx512 = has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  const CpuFeatures& found = cpu();
  EXPECT_EQ(found.avx2, has("avx2") && has("fma"));
  EXPECT_EQ(found.f16c, has("f16c"));
  EXPECT_EQ(found.avx512, avx512);
  EXPECT_EQ(found.vnni, (avx512 && has("avx512_vnni")) || has("avx_vnni"));
  EXPECT_EQ(found.amx_int8, has("amx_int8"));
  EXPECT_EQ(found.amx_bf16, has("amx_bf16"));
}

#endif

TEST(Cpu, LevelsHideWhatIsAbove) {
  CpuFeatures all;
  all.avx2 = all.f16c = all.avx512 = all.vnni = all.amx_int8 = all.amx_bf16 = all.neon_dot = true;
  const auto shown = [&](std::string_view level) {
    const CpuFeatures f = limited_to(all, level).value();
    return std::string(f.avx2 ? "avx2 " : "") + (f.f16c ? "f16c " : "") + (f.neon_dot ? "neon_dot " : "") +
           (f.avx512 ? "avx512 " : "") + (f.vnni ? "vnni " : "") + (f.amx_int8 ? "int8 " : "") +
           (f.amx_bf16 ? "bf16 " : "");
  };
  EXPECT_EQ(shown("baseline"), "");
  EXPECT_EQ(shown("avx2"), "avx2 f16c neon_dot ");
  EXPECT_EQ(shown("avx512"), "avx2 f16c neon_dot avx512 ");
  EXPECT_EQ(shown("vnni"), "avx2 f16c neon_dot avx512 vnni ");
  EXPECT_EQ(shown("amx"), "avx2 f16c neon_dot avx512 vnni int8 bf16 ");
  EXPECT_FALSE(limited_to(all, "sse"));
  EXPECT_FALSE(limited_to(CpuFeatures{}, "amx")->avx2) << "a level must not add anything";
}

class CpuQuota : public testing::Test {
 protected:
  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    ASSERT_TRUE(write_text(folder_ / file, text).ok());
  }
  [[nodiscard]] std::optional<double> quota(std::string_view groups) const { return cpu_quota(folder_.path(), groups); }

  TestFolder folder_;
};

TEST_F(CpuQuota, IsTheSmallestOnTheWayToTheRoot) {
  write("a/cpu.max", "350000 100000\n");
  write("a/b/cpu.max", "max 100000\n");
  write("a/c/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 3.5);
  EXPECT_EQ(quota("0::/a/c\n"), 1.5);
  EXPECT_EQ(quota("0::/\n"), std::nullopt);
  EXPECT_EQ(quota(""), std::nullopt);
}

TEST_F(CpuQuota, InAContainerTheGroupOfTheHostIsAbsent) {
  write("cpu.max", "200000 100000\n");
  EXPECT_EQ(quota("0::/docker/ab12\n"), 2.0);
}

TEST_F(CpuQuota, UnderstandsTheFirstVersion) {
  write("cpu/docker/cpu.cfs_quota_us", "250000\n");
  write("cpu/docker/cpu.cfs_period_us", "100000\n");
  write("cpu/free/cpu.cfs_quota_us", "-1\n");
  write("cpu/free/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("12:memory:/docker\n4:cpu,cpuacct:/docker\n"), 2.5);
  EXPECT_EQ(quota("4:cpuacct,cpu:/free\n"), std::nullopt);
  EXPECT_EQ(quota("4:cpuset:/docker\n"), std::nullopt);
}

TEST_F(CpuQuota, IgnoresNonsense) {
  write("cpu.max", "much\n");
  EXPECT_EQ(quota("0::/\nnonsense\n::\n"), std::nullopt);
}

}  // namespace
}  // namespace mantissa::base
