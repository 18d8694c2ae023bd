#include "base/module.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "base/test_folder.h"

namespace mantissa::base {
namespace {

// Modules come from a folder of the test.
class Module : public testing::Test {
 protected:
  void SetUp() override { ::setenv("MANTISSA_MODULES", folder_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("MANTISSA_MODULES"); }

  // Compiles `source` as the module `name`; false when this machine has no compiler.
  [[nodiscard]] bool build(const std::string& name, const std::string& source) const {
    const auto file = folder_ / (name + ".cc");
    if (!write_text(file, source).ok()) return false;
    const auto module = folder_ / ("mantissa_" + name + ".so");
    return std::system(
               ("c++ -shared -fPIC -o '" + module.string() + "' '" + file.string() + "' 2>/dev/null").c_str()) == 0;
  }

  [[nodiscard]] std::string error_of(const std::string& name) const {
    const auto result = load_module(name);
    return result.ok() ? "loaded" : result.error().message();
  }

  TestFolder folder_;
};

TEST_F(Module, ReturnsWhatTheModuleReturnsOnce) {
  if (!build("answer",
             "static int calls = 0; extern \"C\" void* mantissa_module_answer() { ++calls; return &calls; }")) {
    GTEST_SKIP() << "no compiler to make a module with";
  }
  const auto first = load_module("answer");
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(*static_cast<int*>(*first), 1);
  ::unsetenv("MANTISSA_MODULES");  // the second time it is not looked for
  const auto second = load_module("answer");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, *first);
  EXPECT_EQ(*static_cast<int*>(*second), 1);
}

TEST_F(Module, SaysWhatIsMissing) {
  EXPECT_NE(
      error_of("absent").find("the module \"absent\" cannot be loaded: " + (folder_ / "mantissa_absent.so").string()),
      std::string::npos)
      << error_of("absent");
  EXPECT_EQ(load_module("absent").error().code, ErrorCode::unsupported);
  ASSERT_TRUE(write_text(folder_ / "mantissa_damaged.so", "this is no library").ok());
  EXPECT_NE(error_of("damaged").find((folder_ / "mantissa_damaged.so").string()), std::string::npos)
      << error_of("damaged");
}

TEST_F(Module, RefusesAnotherLibrary) {
  if (!build("stranger", "int something_else;")) GTEST_SKIP() << "no compiler to make a module with";
  EXPECT_NE(error_of("stranger").find("is not a module of mantissa"), std::string::npos) << error_of("stranger");
}

TEST_F(Module, RefusesAModuleThatCannotWork) {
  if (!build("unable", "extern \"C\" void* mantissa_module_unable() { return nullptr; }")) {
    GTEST_SKIP() << "no compiler to make a module with";
  }
  EXPECT_EQ(error_of("unable"), "the module \"unable\" cannot work on this machine.");
}

TEST_F(Module, NamesAreNoPaths) {
  EXPECT_EQ(load_module("../x").error().code, ErrorCode::internal);
  EXPECT_EQ(load_module("").error().code, ErrorCode::internal);
}

TEST_F(Module, LooksBesideTheLibraryByDefault) {
  ::unsetenv("MANTISSA_MODULES");
  EXPECT_NE(error_of("absent").find("/mantissa/mantissa_absent.so"), std::string::npos) << error_of("absent");
}

}  // namespace
}  // namespace mantissa::base
