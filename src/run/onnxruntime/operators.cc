#include "run/onnxruntime/operators.h"

#include <algorithm>
#include <exception>
#include <memory>

namespace mantissa::run::onnxruntime {

namespace {

// Elements that one task rounds: large enough that starting it costs nothing, small enough for all cores to have one.
constexpr std::size_t kGrain = 1 << 16;

OrtStatusPtr failure(const char* what) noexcept { return Ort::GetApi().CreateStatus(ORT_INVALID_ARGUMENT, what); }

// Exceptions must not cross the engine's C interface.
template <class Work>
OrtStatusPtr to_status(Work&& work) noexcept {
  try {
    return work();
  } catch (const std::exception& exception) {
    return failure(exception.what());
  } catch (...) {
    return failure("unknown exception");
  }
}

struct Rounding {
  const RoundToKernel& kernel;
  const float* input;
  float* output;
  std::size_t count;
};

void round_part(void* data, std::size_t part) {
  const auto& rounding = *static_cast<const Rounding*>(data);
  const std::size_t begin = part * kGrain;
  const std::size_t size = std::min(kGrain, rounding.count - begin);
  if (rounding.input != rounding.output) std::copy_n(rounding.input + begin, size, rounding.output + begin);
  base::round_to(rounding.kernel.format, rounding.kernel.overflow, {rounding.output + begin, size});
}

// The output may lie where the input does, when nobody else needs it.
std::size_t first_in_place(int** inputs, int** outputs) {
  *inputs = new int[1]{0};
  *outputs = new int[1]{0};
  return 1;
}

void release_in_place(int* inputs, int* outputs) {  // NOLINT(readability-non-const-parameter): the engine's signature
  delete[] inputs;
  delete[] outputs;
}

}  // namespace

OrtStatusPtr TapOperator::CreateKernelV2(const OrtApi&, const OrtKernelInfo* info, void** kernel) const noexcept {
  return to_status([&]() -> OrtStatusPtr {
    TapKernel made{tap_, Ort::ConstKernelInfo(info).GetAttribute<std::string>("value")};
    *kernel = std::make_unique<TapKernel>(std::move(made)).release();
    return nullptr;
  });
}

OrtStatusPtr TapOperator::InferOutputShape(Ort::ShapeInferContext& context) {
  return context
      .SetOutputShape(0, {Ort::ShapeInferContext::SymbolicInteger(std::int64_t{1})},
                      ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64)
      .release();
}

OrtStatusPtr TapKernel::ComputeV2(OrtKernelContext* context) noexcept {
  return to_status([&]() -> OrtStatusPtr {
    const Ort::KernelContext kernel(context);
    const Ort::ConstValue input = kernel.GetInput(0);
    const auto information = input.GetTensorTypeAndShapeInfo();
    const std::vector<std::int64_t> shape = information.GetShape();
    if (tap) tap(value, shape, {input.GetTensorData<float>(), information.GetElementCount()});
    *kernel.GetOutput(0, {1}).GetTensorMutableData<std::int64_t>() = 0;
    return nullptr;
  });
}

RoundToOperator::RoundToOperator() {
  OrtCustomOp::GetMayInplace = first_in_place;
  OrtCustomOp::ReleaseMayInplace = release_in_place;
}

OrtStatusPtr RoundToOperator::CreateKernelV2(const OrtApi&, const OrtKernelInfo* info, void** kernel) const noexcept {
  return to_status([&]() -> OrtStatusPtr {
    const Ort::ConstKernelInfo attributes(info);
    const auto format = base::number_format_named(attributes.GetAttribute<std::string>("format"));
    const auto overflow = attributes.GetAttribute<std::string>("overflow");
    if (!format || !base::is_floating(*format)) return failure("RoundTo: 'format' is not a floating format");
    if (overflow != "infinity" && overflow != "saturate")
      return failure("RoundTo: 'overflow' is neither infinity nor saturate");
    const RoundToKernel made{*format, overflow == "infinity" ? base::Overflow::infinity : base::Overflow::saturate};
    *kernel = std::make_unique<RoundToKernel>(made).release();
    return nullptr;
  });
}

OrtStatusPtr RoundToOperator::InferOutputShape(Ort::ShapeInferContext& context) {
  return context.SetOutputShape(0, context.GetInputShape(0), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT).release();
}

OrtStatusPtr RoundToKernel::ComputeV2(OrtKernelContext* context) noexcept {
  return to_status([&]() -> OrtStatusPtr {
    const Ort::KernelContext kernel(context);
    const Ort::ConstValue input = kernel.GetInput(0);
    const auto information = input.GetTensorTypeAndShapeInfo();
    const std::size_t count = information.GetElementCount();
    Rounding rounding{*this, input.GetTensorData<float>(),
                      kernel.GetOutput(0, information.GetShape()).GetTensorMutableData<float>(), count};
    kernel.ParallelFor(round_part, (count + kGrain - 1) / kGrain, 0, &rounding);
    return nullptr;
  });
}

Operators::Operators(const Tap& tap) : tap_(tap), domain_("mantissa") {
  domain_.Add(&tap_);
  domain_.Add(&round_to_);
}

}  // namespace mantissa::run::onnxruntime
