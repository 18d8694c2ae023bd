// A plugin execution provider for ONNX Runtime, as small as one can be, for the tests of provider libraries: it runs
// Abs, Neg and Relu of float32 on the processor, each node by itself.
//
// Built in several ways: with MANTISSA_TEST_CLAIMS_NOTHING it has another name and leaves every node to the CPU, with MANTISSA_TEST_ABORTS
// it ends the process that loads it, with MANTISSA_TEST_HANGS it never returns, with MANTISSA_TEST_FAILS it tells the
// engine that it cannot be used.
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

#ifdef MANTISSA_TEST_CLAIMS_NOTHING
constexpr const char* kName = "MantissaIdleExecutionProvider";
#else
constexpr const char* kName = "MantissaTestExecutionProvider";
#endif

const OrtApi* api = nullptr;

#define RETURN_IF_FAILED(call) \
  if (OrtStatus* status = (call); status != nullptr) return status

// --- one node -------------------------------------------------------------------------------------------------------

struct NodeInfo : OrtNodeComputeInfo {
  explicit NodeInfo(std::string operation) : OrtNodeComputeInfo{}, op(std::move(operation)) {
    ort_version_supported = ORT_API_VERSION;
    CreateState = [](OrtNodeComputeInfo* self, OrtNodeComputeContext*, void** state) noexcept -> OrtStatus* {
      *state = self;
      return nullptr;
    };
    Compute = [](OrtNodeComputeInfo*, void* state, OrtKernelContext* context) noexcept -> OrtStatus* {
      return static_cast<NodeInfo*>(state)->compute(context);
    };
    ReleaseState = [](OrtNodeComputeInfo*, void*) noexcept {};
  }

  [[nodiscard]] float value_of(float x) const {
    if (op == "Abs") return std::abs(x);
    return op == "Neg" ? -x : std::max(x, 0.0F);
  }

  OrtStatus* compute(OrtKernelContext* context) const {
    const OrtValue* input = nullptr;
    RETURN_IF_FAILED(api->KernelContext_GetInput(context, 0, &input));
    OrtTensorTypeAndShapeInfo* info = nullptr;
    RETURN_IF_FAILED(api->GetTensorTypeAndShape(input, &info));
    const std::unique_ptr<OrtTensorTypeAndShapeInfo, void (*)(OrtTensorTypeAndShapeInfo*)> own(
        info, api->ReleaseTensorTypeAndShapeInfo);
    std::size_t rank = 0, count = 0;
    RETURN_IF_FAILED(api->GetDimensionsCount(info, &rank));
    RETURN_IF_FAILED(api->GetTensorShapeElementCount(info, &count));
    std::vector<std::int64_t> shape(rank);
    RETURN_IF_FAILED(api->GetDimensions(info, shape.data(), rank));
    OrtValue* output = nullptr;
    RETURN_IF_FAILED(api->KernelContext_GetOutput(context, 0, shape.data(), rank, &output));
    void *from = nullptr, *to = nullptr;
    RETURN_IF_FAILED(api->GetTensorMutableData(const_cast<OrtValue*>(input), &from));
    RETURN_IF_FAILED(api->GetTensorMutableData(output, &to));
    for (std::size_t i = 0; i < count; ++i) static_cast<float*>(to)[i] = value_of(static_cast<float*>(from)[i]);
    return nullptr;
  }

  std::string op;
};

// --- the provider ---------------------------------------------------------------------------------------------------

bool claims(const char* op) {
#ifdef MANTISSA_TEST_CLAIMS_NOTHING
  return op == nullptr;
#else
  return std::strcmp(op, "Abs") == 0 || std::strcmp(op, "Neg") == 0 || std::strcmp(op, "Relu") == 0;
#endif
}

OrtStatus* nodes_of(const OrtGraph* graph, std::vector<const OrtNode*>& nodes) {
  std::size_t count = 0;
  RETURN_IF_FAILED(api->Graph_GetNumNodes(graph, &count));
  nodes.resize(count);
  return api->Graph_GetNodes(graph, nodes.data(), count);
}

OrtStatus* claim_nodes(const OrtGraph* graph, OrtEpGraphSupportInfo* support) {
  std::vector<const OrtNode*> nodes;
  RETURN_IF_FAILED(nodes_of(graph, nodes));
  for (const OrtNode* node : nodes) {
    const char* op = nullptr;
    RETURN_IF_FAILED(api->Node_GetOperatorType(node, &op));
    if (claims(op)) RETURN_IF_FAILED(api->GetEpApi()->EpGraphSupportInfo_AddNodesToFuse(support, &node, 1, nullptr));
  }
  return nullptr;
}

OrtStatus* compile(const OrtGraph** graphs, std::size_t count, OrtNodeComputeInfo** infos) {
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<const OrtNode*> nodes;
    RETURN_IF_FAILED(nodes_of(graphs[i], nodes));
    const char* op = nullptr;
    RETURN_IF_FAILED(api->Node_GetOperatorType(nodes.at(0), &op));
    infos[i] = new NodeInfo(op);
  }
  return nullptr;
}

struct TestProvider : OrtEp {
  TestProvider() : OrtEp{} {
    ort_version_supported = ORT_API_VERSION;
    GetName = [](const OrtEp*) noexcept { return kName; };
    GetCapability = [](OrtEp*, const OrtGraph* graph, OrtEpGraphSupportInfo* support) noexcept {
      return claim_nodes(graph, support);
    };
    Compile = [](OrtEp*, const OrtGraph** graphs, const OrtNode**, std::size_t count, OrtNodeComputeInfo** infos,
                 OrtNode**) noexcept { return compile(graphs, count, infos); };
    ReleaseNodeComputeInfos = [](OrtEp*, OrtNodeComputeInfo** infos, std::size_t count) noexcept {
      for (std::size_t i = 0; i < count; ++i) delete static_cast<NodeInfo*>(infos[i]);
    };
  }
};

struct Factory : OrtEpFactory {
  Factory() : OrtEpFactory{} {
    ort_version_supported = ORT_API_VERSION;
    GetName = [](const OrtEpFactory*) noexcept { return kName; };
    GetVendor = [](const OrtEpFactory*) noexcept { return "mantissa"; };
    GetVendorId = [](const OrtEpFactory*) noexcept -> std::uint32_t { return 0; };
    GetVersion = [](const OrtEpFactory*) noexcept { return "1.2.3"; };
    GetSupportedDevices = [](OrtEpFactory* self, const OrtHardwareDevice* const* devices, std::size_t count,
                             OrtEpDevice** made, std::size_t most, std::size_t* number) noexcept -> OrtStatus* {
      *number = 0;
      for (std::size_t i = 0; i < count && *number < most; ++i) {
        if (api->HardwareDevice_Type(devices[i]) != OrtHardwareDeviceType_CPU) continue;
        RETURN_IF_FAILED(api->GetEpApi()->CreateEpDevice(self, devices[i], nullptr, nullptr, &made[(*number)++]));
      }
      return nullptr;
    };
    CreateEp = [](OrtEpFactory*, const OrtHardwareDevice* const*, const OrtKeyValuePairs* const*, std::size_t,
                  const OrtSessionOptions*, const OrtLogger*, OrtEp** made) noexcept -> OrtStatus* {
      *made = new TestProvider;
      return nullptr;
    };
    ReleaseEp = [](OrtEpFactory*, OrtEp* provider) noexcept { delete static_cast<TestProvider*>(provider); };
    CreateAllocator = [](OrtEpFactory*, const OrtMemoryInfo*, const OrtKeyValuePairs*,
                         OrtAllocator** allocator) noexcept -> OrtStatus* {
      *allocator = nullptr;  // the engine's own
      return nullptr;
    };
    ReleaseAllocator = [](OrtEpFactory*, OrtAllocator*) noexcept {};
    CreateDataTransfer = [](OrtEpFactory*, OrtDataTransferImpl** transfer) noexcept -> OrtStatus* {
      *transfer = nullptr;
      return nullptr;
    };
    IsStreamAware = [](const OrtEpFactory*) noexcept { return false; };
  }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) OrtStatus* CreateEpFactories(const char*, const OrtApiBase* base,
                                                                               const OrtLogger*,
                                                                               OrtEpFactory** factories, std::size_t,
                                                                               std::size_t* count) {
#ifdef MANTISSA_TEST_ABORTS
  std::abort();
#endif
#ifdef MANTISSA_TEST_HANGS
  std::this_thread::sleep_for(std::chrono::hours(1));
#endif
  api = base->GetApi(ORT_API_VERSION);
#ifdef MANTISSA_TEST_FAILS
  std::printf("what a library says is no answer\n");
  return api->CreateStatus(ORT_FAIL, "the driver is too old");
#endif
  factories[0] = new Factory;
  *count = 1;
  return nullptr;
}

extern "C" __attribute__((visibility("default"))) OrtStatus* ReleaseEpFactory(OrtEpFactory* factory) {
  delete static_cast<Factory*>(factory);
  return nullptr;
}
