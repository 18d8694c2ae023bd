#include "run/engine_message.h"

#include <gtest/gtest.h>

namespace mantissa::run {
namespace {

// As ONNX Runtime 1.31.1 writes them.
TEST(EngineMessage, KeepsWhatWentWrong) {
  EXPECT_EQ(onnxruntime_sentence(
                "Non-zero status code returned while running Reshape node. Name:'/body.0/Reshape (1)' Status Message: "
                "/onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:91 "
                "onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, "
                "onnxruntime::TensorShapeVector&, bool) "
                "input_shape_size == requested_shape_size was false. The input tensor (a) cannot be reshaped. Input "
                "shape:{1,3,20,20}, requested shape:{1,3,7,9}\n"),
            "Non-zero status code returned while running Reshape node. Name:'/body.0/Reshape (1)' Status Message: "
            "input_shape_size == requested_shape_size was false. The input tensor (a) cannot be reshaped. Input "
            "shape:{1,3,20,20}, requested shape:{1,3,7,9}");
  EXPECT_EQ(
      onnxruntime_sentence("This is an invalid model. In Node, (\"\", NoSuch, \"\", -1) : (\"x\": tensor(float),) -> "
                           "(\"/y\": tensor(float),) , Error No Op registered for NoSuch with domain_version of 21"),
      "This is an invalid model. In Node, (\"\", NoSuch, \"\", -1) : (\"x\": tensor(float),) -> (\"/y\": "
      "tensor(float),) , "
      "Error No Op registered for NoSuch with domain_version of 21");
}

TEST(EngineMessage, LeavesOutStatusAndPlaces) {
  EXPECT_EQ(onnxruntime_sentence("[ONNXRuntimeError] : 1 : FAIL : Load model from ir.onnx "
                                 "failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:256 "
                                 "onnxruntime::Model::Model(onnx::ModelProto&&, const std::function<void (int)>&) "
                                 "Unsupported model IR version: 99, "
                                 "max supported IR version: 13\n"),
            "Load model from ir.onnx failed:Unsupported model IR version: 99, max supported IR version: 13");
  EXPECT_EQ(onnxruntime_sentence("Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch"),
            "Status Message: MatMul dimension mismatch");
  EXPECT_EQ(onnxruntime_sentence(
                "/a/b.cc:7 virtual void (anonymous namespace)::x<T>::f(int) const [with T = a[2]] it (really) failed."),
            "it (really) failed");
}

TEST(EngineMessage, JoinsLines) {
  EXPECT_EQ(onnxruntime_sentence("Got invalid dimensions for input: x for the following indices\n index: 2 Got: 20 "
                                 "Expected: 8\n Please fix either "
                                 "the inputs/outputs or the model."),
            "Got invalid dimensions for input: x for the following indices, index: 2 Got: 20 Expected: 8");
}

TEST(EngineMessage, SurvivesAnything) {
  for (const char* text :
       {"", "\n\n", "...", "x.cc:", "x.cc:1", "x.cc:1 ", "/x.cc:1 f(", "/x.cc:1 f", "[ONNXRuntimeError] : "})
    EXPECT_FALSE(onnxruntime_sentence(text).empty()) << text;
  EXPECT_LT(onnxruntime_sentence(std::string(10000, 'x')).size(), 500U);
}

}  // namespace
}  // namespace mantissa::run
