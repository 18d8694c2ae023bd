#include "run/known_providers.h"

#include <array>

namespace mantissa::run {

namespace {

using namespace std::string_view_literals;
using Option = ProviderDescriptor::Option;

constexpr std::array kFloats = {"fp16/model.onnx"sv, "fp32/model.onnx"sv};
// TensorRT takes its formats from the types in the file (targets/nvidia_*.json).
constexpr std::array kNvidia = {"fp8/model.onnx"sv, "int8/nvidia.onnx"sv, "fp16/model.onnx"sv, "bf16/model.onnx"sv,
                                "fp32/model.onnx"sv};
// Convolutions in integers, the stream between them in float: what OpenVINO makes kernels for on every device.
constexpr std::array kIntegersInFloat = {"int8/openvino.onnx"sv, "fp16/model.onnx"sv, "fp32/model.onnx"sv};
constexpr std::array kClosedIntegers = {"int8/model.onnx"sv, "fp16/model.onnx"sv, "fp32/model.onnx"sv};
constexpr std::array kOpenVinoCpu = {"int8/openvino.onnx"sv, "fp32/model.onnx"sv};
constexpr std::array kOnnxRuntimeCpu = {"int8/model.onnx"sv, "fp32/model.onnx"sv};

// Options: the engines' documentation, https://onnxruntime.ai/docs/execution-providers, a page for each, as of ONNX
// Runtime 1.31. TF32 would round float32 to 10 bits; NHWC is what tensor cores take, and saves transposing. CUDA graphs
// (enable_cuda_graph) need inputs and outputs at fixed addresses on the device, which sessions here do not bind.
constexpr std::array kCuda = {Option{"use_tf32", "0"}, Option{"prefer_nhwc", "1"}};
constexpr std::array kTensorRt = {Option{"trt_engine_cache_enable", "1"}, Option{"trt_timing_cache_enable", "1"}};
// MLProgram has fp16 and more operators than the older NeuralNetwork; ALL lets Core ML choose the Neural Engine.
constexpr std::array kCoreMl = {Option{"ModelFormat", "MLProgram"}, Option{"MLComputeUnits", "ALL"},
                                Option{"RequireStaticInputShapes", "0"}};
// Else it computes float32 in what the device has, such as bfloat16: seen on a processor with AMX, where the option
// "precision" changes nothing.
constexpr std::array kOpenVino = {Option{
    "load_config", R"({"CPU": {"EXECUTION_MODE_HINT": "ACCURACY"}, "GPU": {"EXECUTION_MODE_HINT": "ACCURACY"}})"}};
constexpr std::array kQnn = {Option{"backend_type", "htp"}, Option{"htp_performance_mode", "burst"}};

constexpr auto kCudaNeeds =
    "the ONNX Runtime of PyPI onnxruntime-gpu in place of mantissa's, or its CUDA plugin as a provider library; "
    "CUDA 12 or newer and cuDNN 9"sv;
constexpr auto kWebGpuNeeds =
    "PyPI onnxruntime-ep-webgpu, whose library is added with --provider-library; a GPU with Vulkan, Metal or Direct3D 12"sv;

constexpr std::array kKnown = {
    ProviderDescriptor{"onnxruntime-cpu", "ONNX Runtime, CPU", "onnxruntime", "CPU", true, {}, kOnnxRuntimeCpu},
    ProviderDescriptor{"openvino-cpu", "OpenVINO, CPU", "openvino", "CPU", false, {}, kOpenVinoCpu},
    ProviderDescriptor{"openvino-gpu", "OpenVINO, Intel GPU", "openvino", "GPU", false,
                       "an Intel GPU and its compute runtime (Debian intel-opencl-icd)", kIntegersInFloat},
    ProviderDescriptor{"openvino-npu", "OpenVINO, Intel NPU", "openvino", "NPU", false,
                       "an Intel Core Ultra processor and the driver linux-npu-driver", kIntegersInFloat},
    ProviderDescriptor{"onnxruntime-cuda", "ONNX Runtime, CUDA", "onnxruntime", "CUDAExecutionProvider", false,
                       kCudaNeeds, kFloats, kCuda},
    ProviderDescriptor{"onnxruntime-tensorrt", "ONNX Runtime, TensorRT", "onnxruntime", "TensorrtExecutionProvider",
                       false,
                       "the ONNX Runtime of PyPI onnxruntime-gpu in place of mantissa's; CUDA 12 or newer and "
                       "TensorRT 10 or newer",
                       kNvidia, kTensorRt},
    ProviderDescriptor{"onnxruntime-tensorrt-rtx", "ONNX Runtime, TensorRT for RTX", "onnxruntime",
                       "NvTensorRTRTXExecutionProvider", false,
                       "NVIDIA's provider library for it and PyPI tensorrt-rtx; a GPU of the RTX series", kNvidia},
    ProviderDescriptor{"onnxruntime-coreml", "ONNX Runtime, Core ML", "onnxruntime", "CoreMLExecutionProvider", false,
                       "macOS or iOS, whose ONNX Runtime has it built in", kFloats, kCoreMl},
    ProviderDescriptor{"onnxruntime-openvino", "ONNX Runtime, OpenVINO", "onnxruntime", "OpenVINOExecutionProvider",
                       false,
                       "PyPI onnxruntime-ep-openvino, whose library is added with --provider-library; an Intel device",
                       kIntegersInFloat, kOpenVino},
    ProviderDescriptor{"onnxruntime-webgpu", "ONNX Runtime, WebGPU", "onnxruntime", "WebGpuExecutionProvider", false,
                       kWebGpuNeeds, kFloats},
    ProviderDescriptor{"onnxruntime-qnn", "ONNX Runtime, Qualcomm QNN", "onnxruntime", "QNNExecutionProvider", false,
                       "PyPI onnxruntime-qnn; a Qualcomm chip with a Hexagon NPU", kClosedIntegers, kQnn},
    ProviderDescriptor{"onnxruntime-directml", "ONNX Runtime, DirectML", "onnxruntime", "DmlExecutionProvider", false,
                       "Windows and the ONNX Runtime of PyPI onnxruntime-directml", kClosedIntegers},
};

}  // namespace

std::span<const ProviderDescriptor> known_providers() { return kKnown; }

}  // namespace mantissa::run
