#include "run/provider_libraries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/test_folder.h"
#include "run/open_model.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

// Made by tests/CMakeLists.txt from tests/provider_library.
fs::path library(const std::string& way) {
  const char* build = std::getenv("MANTISSA_BUILD");
  return fs::path(build == nullptr ? "build/release" : build) / "lib/test" / ("libprovider_" + way + ".so");
}

#define NEEDS_LIBRARIES() \
  if (!fs::exists(library("works"))) GTEST_SKIP() << "needs " << library("works") << ", which the target tests builds"

// Libraries are looked for once in a process, so before any test.
class LibrariesOfTheTests : public testing::Environment {
 public:
  void SetUp() override {
    std::string paths;
    for (const char* way : {"aborts", "works", "claims_nothing"}) paths += library(way).string() + ":";
    if (fs::exists(library("works"))) ::setenv("MANTISSA_PROVIDER_LIBRARIES", paths.c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
  }
};
const auto* const environment = testing::AddGlobalTestEnvironment(new LibrariesOfTheTests);

TEST(ProviderLibrary, ThatWorksSaysItsDevices) {
  NEEDS_LIBRARIES();
  const ProviderLibrary probed = probe_library(library("works"));
  EXPECT_EQ(probed.problem, "");
  EXPECT_EQ(probed.devices, std::vector<std::string>{"MantissaTestExecutionProvider"});
}

TEST(ProviderLibrary, ThatCrashesIsAProblemInOneSentence) {
  NEEDS_LIBRARIES();
  const ProviderLibrary probed = probe_library(library("aborts"));
  EXPECT_NE(probed.problem.find("crashed"), std::string::npos) << probed.problem;
  EXPECT_TRUE(probed.devices.empty());
}

TEST(ProviderLibrary, ThatHangsIsEnded) {
  NEEDS_LIBRARIES();
  const ProviderLibrary probed = probe_library(library("hangs"), 0.5);
  EXPECT_NE(probed.problem.find("does not answer"), std::string::npos) << probed.problem;
}

TEST(ProviderLibrary, ThatRefusesKeepsItsSentence) {
  NEEDS_LIBRARIES();
  EXPECT_EQ(probe_library(library("fails")).problem, "the driver is too old");
}

TEST(ProviderLibrary, ThatIsNoneIsAProblem) {
  const base::TestFolder folder;
  ASSERT_TRUE(base::write_text(folder / "text.so", "this is no library").ok());
  for (const char* name : {"text.so", "absent.so"}) {
    const ProviderLibrary probed = probe_library(folder / name);
    EXPECT_NE(probed.problem, "") << name;
    EXPECT_EQ(probed.problem.find('\n'), std::string::npos);
    EXPECT_TRUE(probed.devices.empty());
  }
}

// A picture in 0..1 stays what it is.
ir::Graph identity() {
  ir::Graph graph;
  ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, picture_shape(3));
  for (const char* op : {"Abs", "Neg", "Abs", "Relu"}) x = graph.add(op, {x});
  graph.value(x).format = base::NumberFormat::float32;
  graph.value(x).shape = picture_shape(3);
  graph.outputs = {x};
  return graph;
}

RunnerRequest request_for(const base::TestFolder& folder, std::string provider) {
  const fs::path file = folder / "identity.onnx";
  EXPECT_TRUE(base::write_text(file, *format::onnx_bytes(identity())).ok());
  RunnerRequest request;
  request.model = file;
  request.provider = std::move(provider);
  return request;
}

TEST(ProviderLibrary, BringsAProviderThatRuns) {
  NEEDS_LIBRARIES();
  const auto all = all_providers();
  const auto found = std::find_if(
      all.begin(), all.end(), [](const ProviderDescriptor& each) { return each.name == "onnxruntime-mantissatest"; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->library, fs::canonical(library("works")).string());
  auto engine = provider(found->name);
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  EXPECT_NE((*engine)->version().find("MantissaTestExecutionProvider 1.2.3"), std::string::npos);

  auto session = open("onnxruntime-mantissatest", identity());
  ASSERT_TRUE(session.ok()) << session.error().message();
  image::Picture picture = random_picture(20, 14, 3);
  std::vector<std::int64_t> shape;
  const auto output = (*session)->run({{1, 3, 14, 20}, picture.samples.data()}, shape);
  ASSERT_TRUE(output.ok()) << output.error().message();
  EXPECT_EQ(*output, picture.samples);
  const auto placement = (*session)->placement();
  ASSERT_TRUE(placement.ok()) << placement.error().message();
  ASSERT_EQ(placement->devices.size(), 1U);
  EXPECT_EQ(placement->devices[0].device, "MantissaTestExecutionProvider");
  EXPECT_GE(placement->devices[0].nodes, 2);
}

TEST(ProviderLibrary, ThatLeavesMostNodesToTheCpuIsRefused) {
  NEEDS_LIBRARIES();
  const base::TestFolder folder;
  const auto model = open_model(request_for(folder, "onnxruntime-mantissaidle"));
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::unsupported);
  EXPECT_NE(model.error().message().find("to the CPU"), std::string::npos) << model.error().message();
}

TEST(ProviderLibrary, ConvolutionsThatItDoesNotHaveStayOnTheCpuAndAreCounted) {
  NEEDS_LIBRARIES();
  auto session = open("onnxruntime-mantissatest", small_network(3, 2).graph);
  ASSERT_TRUE(session.ok()) << session.error().message();
  const auto placement = (*session)->placement();
  ASSERT_TRUE(placement.ok()) << placement.error().message();
  EXPECT_FALSE(check_devices({"", "fp32", "onnxruntime-mantissatest", {}}, *placement).ok());
}

TEST(ProviderLibrary, TakesPartInTheRace) {
  NEEDS_LIBRARIES();
  const base::TestFolder folder;
  const RunnerRequest request = request_for(folder, "");
  const auto runnable = Runnable::read(request);
  ASSERT_TRUE(runnable.ok()) << runnable.error().message();
  const auto racers = race(*runnable, runnable->ways(request, /*every=*/true), {.tile_size = 64});
  ASSERT_TRUE(racers.ok()) << racers.error().message();
  int ran = 0, idle = 0;
  for (const Racer& racer : *racers) {
    if (racer.way.provider == "onnxruntime-mantissaidle") {
      ++idle;
      EXPECT_NE(racer.refused.find("to the CPU"), std::string::npos) << racer.refused;
    } else if (racer.way.provider == "onnxruntime-mantissatest") {
      ++ran;
      EXPECT_EQ(racer.refused, "");
      EXPECT_GE(racer.turns, 1);
      EXPECT_EQ(racer.psnr, 99);
    }
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(idle, 1);
}

}  // namespace
}  // namespace mantissa::run
