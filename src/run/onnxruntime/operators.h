// The operators of our own that ONNX Runtime executes for us, in the domain "mantissa".
//
//   Tap      (attribute value: the name)                 x -> a token int64[1]: shows x to SessionOptions::tap
//   RoundTo  (attributes format, overflow)               x -> x rounded to a narrow floating format, kept in float32
//
// A token instead of a copy of x keeps memory small, if the nodes come in the right order: the engine starts from the
// graph's leaves, the last one in the file first. So taps belong at the end of the file, that of the value computed
// first at the very end; then each runs right behind its producer. The other way round the last tap runs first and
// every value waits for its own (measured: 2.5 GB instead of 0.36 GB).
#pragma once

#include <onnxruntime_cxx_api.h>

#include <string>

#include "base/number_format.h"
#include "base/numbers.h"
#include "run/provider.h"

namespace mantissa::run::onnxruntime {

struct TapKernel {
  const Tap& tap;
  std::string value;
  OrtStatusPtr ComputeV2(OrtKernelContext* context) noexcept;
};

class TapOperator : public Ort::CustomOpBase<TapOperator, TapKernel, true> {
 public:
  explicit TapOperator(const Tap& tap) : tap_(tap) {}
  OrtStatusPtr CreateKernelV2(const OrtApi& api, const OrtKernelInfo* info, void** kernel) const noexcept;
  const char* GetName() const { return "Tap"; }
  std::size_t GetInputTypeCount() const { return 1; }
  std::size_t GetOutputTypeCount() const { return 1; }
  ONNXTensorElementDataType GetInputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
  ONNXTensorElementDataType GetOutputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64; }
  static OrtStatusPtr InferOutputShape(Ort::ShapeInferContext& context);

 private:
  const Tap& tap_;
};

struct RoundToKernel {
  base::NumberFormat format;
  base::Overflow overflow;
  OrtStatusPtr ComputeV2(OrtKernelContext* context) noexcept;
};

class RoundToOperator : public Ort::CustomOpBase<RoundToOperator, RoundToKernel, true> {
 public:
  RoundToOperator();
  OrtStatusPtr CreateKernelV2(const OrtApi& api, const OrtKernelInfo* info, void** kernel) const noexcept;
  const char* GetName() const { return "RoundTo"; }
  std::size_t GetInputTypeCount() const { return 1; }
  std::size_t GetOutputTypeCount() const { return 1; }
  ONNXTensorElementDataType GetInputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
  ONNXTensorElementDataType GetOutputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
  static OrtStatusPtr InferOutputShape(Ort::ShapeInferContext& context);
};

// The domain with both, for one session. Must outlive it, as must `tap`.
class Operators {
 public:
  explicit Operators(const Tap& tap);
  void add_to(Ort::SessionOptions& options) const { options.Add(domain_); }

 private:
  TapOperator tap_;
  RoundToOperator round_to_;
  Ort::CustomOpDomain domain_;
};

}  // namespace mantissa::run::onnxruntime
