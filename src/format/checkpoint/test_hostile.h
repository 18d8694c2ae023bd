// For tests of damaged and malicious checkpoints: what makes one, and what must come of it.
#pragma once

#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <functional>
#include <string>

#include "base/test_folder.h"
#include "format/checkpoint.h"
#include "format/checkpoint/test_files.h"

namespace mantissa::format::test {

constexpr std::int64_t kMost = 0x7FFFFFFFFFFFFFFF;

inline std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  all.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

inline std::string weights(const std::string& of_w = tensor()) { return dict({text("w"), of_w}); }
inline std::string good_zip() { return zip_form(weights()); }
inline std::string with_tensor(const TestTensor& t) { return zip_form(weights(tensor(t))); }
inline std::string with_storage(const TestStorage& s) { return with_tensor({.of = storage(s)}); }
inline std::string legacy(const std::function<void(LegacyParts&)>& change) {
  LegacyParts parts;
  change(parts);
  return legacy_form(parts);
}
inline std::string legacy_tensor(const TestTensor& t) {
  return legacy([&](LegacyParts& parts) { parts.object = pickled(weights(tensor(t))); });
}

struct Hostile {
  const char* name;
  std::function<std::string()> bytes;
};

inline std::string name_of(const testing::TestParamInfo<Hostile>& hostile) { return hostile.param.name; }

// Each must be an Error, soon, with something that a person can read.
class HostileCheckpoint : public testing::TestWithParam<Hostile> {
 protected:
  void expect_error_soon() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr double kSeconds = 20;  // instrumented code is slower
#else
    constexpr double kSeconds = 5;
#endif
    std::ofstream(folder_ / "x.pth", std::ios::binary) << GetParam().bytes();
    const std::clock_t start = std::clock();  // of this process: other work on the machine does not count
    const auto state = read_checkpoint(folder_ / "x.pth");
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    ASSERT_FALSE(state.ok());
    EXPECT_LT(took, kSeconds);
    const Error& error = state.error();
    EXPECT_TRUE(error.code == ErrorCode::bad_input || error.code == ErrorCode::unsupported) << error.message();
    EXPECT_FALSE(error.what.empty() || error.advice.empty() || error.where.empty()) << error.message();
    for (const char c : error.message()) EXPECT_TRUE(c >= ' ' && c <= '~') << error.message();
    RecordProperty("message", error.message());
  }

 private:
  base::TestFolder folder_;
};

}  // namespace mantissa::format::test
