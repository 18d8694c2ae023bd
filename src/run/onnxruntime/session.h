// One network loaded into ONNX Runtime, on its CPU kernels or on another of its devices.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <string>
#include <vector>

#include "run/onnxruntime/operators.h"
#include "run/provider.h"

namespace mantissa::run::onnxruntime {

inline constexpr std::string_view kCpu = "CPU";  // ProviderDescriptor::device of the engine's own kernels

class OnnxRuntimeSession : public Session {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx,
                                                             const SessionOptions& options,
                                                             const ProviderDescriptor& device);

  [[nodiscard]] Result<void> run(const TensorView& input, const TensorView& output) override;
  [[nodiscard]] Result<std::vector<float>> run(const TensorView& input,
                                               std::vector<std::int64_t>& output_shape) override;
  [[nodiscard]] Result<Placement> placement() override;

 private:
  OnnxRuntimeSession(std::span<const std::byte> onnx, SessionOptions options, const ProviderDescriptor& device);
  [[nodiscard]] Ort::SessionOptions engine_options(bool with_device = true) const;
  [[nodiscard]] Result<void> load(const Ort::SessionOptions& options);
  [[nodiscard]] Result<void> check_interface() const;
  // The graph as the CPU kernels get it, after the engine's optimizations of that level.
  [[nodiscard]] Result<Placement> optimized_for_cpu(GraphOptimizationLevel level) const;
  // Of one run over a small picture on the device.
  [[nodiscard]] Result<Placement> profiled() const;
  // The engine looks at `picture` and at condition_values_ when it runs.
  [[nodiscard]] Result<std::vector<Ort::Value>> inputs_for(const TensorView& picture);
  // Runs into `outputs`, which has one place for each graph output; a place that is empty is filled by the engine.
  [[nodiscard]] Result<void> run_into(const TensorView& input, std::vector<Ort::Value>& outputs);

  SessionOptions options_;
  ProviderDescriptor device_;
  Operators operators_;
  std::vector<std::byte> onnx_;  // kept for placement(); the caller's bytes may be gone by then
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  Ort::Session session_{nullptr};
  Ort::RunOptions run_options_{nullptr};
  std::vector<std::string> input_names_;  // the picture, and perhaps a condition
  std::vector<const char*> input_pointers_;
  std::vector<std::int64_t> condition_declared_;  // its shape in the file
  std::vector<float> condition_values_;
  std::vector<std::string> output_names_;
  std::vector<const char*> output_pointers_;
};

}  // namespace mantissa::run::onnxruntime
