// Real networks against outputs of their authors' own code.
#include <gtest/gtest.h>

#include <algorithm>

#include "run/shared_material.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

class Golden : public EveryProvider {};
INSTANTIATE_TEST_SUITE_P(All, Golden, EveryProvider::all(), EveryProvider::name_of);

// Of the output's range. ONNX Runtime meets what plain float32 needs; OpenVINO sums in another order.
float tolerance_of(const std::string& engine) { return engine == "onnxruntime-cpu" ? 1e-5F : 1e-4F; }

void check(const std::string& network, const std::string& engine) {
  const std::string onnx = bytes_of_file(shared_folder() / "onnx" / (network + ".onnx"));
  auto session = open(engine, std::string_view(onnx));
  ASSERT_TRUE(session.ok()) << session.error().message();
  for (const char* const pair : {"_0.npy", "_1.npy"}) {
    Array input = read_npy(shared_folder() / "golden" / network / (std::string("in") + pair));
    const Array golden = read_npy(shared_folder() / "golden" / network / (std::string("out") + pair));
    std::vector<std::int64_t> shape;
    const auto output = (*session)->run({input.shape, input.values.data()}, shape);
    ASSERT_TRUE(output.ok());
    EXPECT_EQ(shape, golden.shape);
    const auto [low, high] = std::minmax_element(golden.values.begin(), golden.values.end());
    EXPECT_LE(largest_difference(*output, golden.values), tolerance_of(engine) * (*high - *low)) << pair;
  }
}

TEST_P(Golden, Srvgg) {
  MANTISSA_NEEDS_SHARED("onnx/srvgg.onnx");
  check("srvgg", GetParam());
}

TEST_P(Golden, Dncnn) {
  MANTISSA_NEEDS_SHARED("onnx/dncnn.onnx");
  check("dncnn", GetParam());
}

TEST_P(Golden, Espcn) {
  MANTISSA_NEEDS_SHARED("onnx/espcn_x2.onnx");
  check("espcn_x2", GetParam());
}

}  // namespace
}  // namespace mantissa::run
