// The test program of this folder: GoogleTest's own main, and one test for each file under tests/cases/.
//
//   build/ci/bin/conformance_test --gtest_filter='cases.*:Networks.*' [--update]
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "run_cases.h"

bool mantissa::cases::update = false;

namespace {

namespace fs = std::filesystem;
using namespace mantissa;
using cases::update;

class CaseTest : public testing::Test {
 public:
  explicit CaseTest(fs::path path) : path_(std::move(path)) {}

  void TestBody() override {
    const auto text = base::read_text(path_);
    ASSERT_TRUE(text.ok()) << text.error().message();
    auto written = cases::parse_case(*text);
    ASSERT_TRUE(written.ok()) << path_ << ": " << written.error().message();
    const std::string outcome = cases::outcome(*written);
    if (!update) {
      EXPECT_EQ(written->sections.back().body, outcome) << path_ << " (run with --update to rewrite it)";
    } else if (written->sections.back().body != outcome) {
      written->sections.back().body = outcome;
      const auto rewritten = base::write_text(path_, cases::print_case(*written));
      ASSERT_TRUE(rewritten.ok()) << rewritten.error().message();
    }
  }

 private:
  fs::path path_;
};

void register_cases(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const std::string name = path.lexically_relative(folder).replace_extension().string();
    testing::RegisterTest("cases", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [path]() -> testing::Test* { return new CaseTest(path); });
  }
}

// The folder is looked for from the working directory, which is that of the sources.
TEST(case_files, are_found) {
  EXPECT_TRUE(fs::is_directory("tests/cases")) << "run this program in the folder of the sources";
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  update = std::any_of(argv + 1, argv + argc, [](const char* word) { return std::strcmp(word, "--update") == 0; });
  register_cases("tests/cases");
  return RUN_ALL_TESTS();
}
