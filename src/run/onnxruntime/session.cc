#include "run/onnxruntime/session.h"

#include <onnxruntime_run_options_config_keys.h>
#include <onnxruntime_session_options_config_keys.h>

#include "base/threads.h"
#include "run/condition_tensor.h"
#include "run/onnxruntime/device.h"
#include "run/onnxruntime/engine.h"
#include "run/onnxruntime/optimized_graph.h"
#include "run/onnxruntime/profile.h"

namespace mantissa::run::onnxruntime {

OnnxRuntimeSession::OnnxRuntimeSession(std::span<const std::byte> onnx, SessionOptions options,
                                       const ProviderDescriptor& device)
    : options_(std::move(options)), device_(device), operators_(options_.tap), onnx_(onnx.begin(), onnx.end()) {}

Ort::SessionOptions OnnxRuntimeSession::engine_options(bool with_device) const {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(options_.threads > 0 ? options_.threads : base::thread_count());
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  // Threads that wait do not spin: on a machine with other work to do that costs more than it gains.
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
  // A memory plan per shape keeps one block as large as all of them; the arena alone is as fast and a third smaller.
  options.DisableMemPattern();
  options.SetGraphOptimizationLevel(options_.optimize ? ORT_ENABLE_ALL : ORT_DISABLE_ALL);
  operators_.add_to(options);
  if (with_device && device_.device != kCpu) append_device(options, device_);
  return options;
}

Result<std::unique_ptr<Session>> OnnxRuntimeSession::open(std::span<const std::byte> onnx,
                                                          const SessionOptions& options,
                                                          const ProviderDescriptor& device) {
  return guarded([&]() -> Result<std::unique_ptr<Session>> {
    std::unique_ptr<OnnxRuntimeSession> session(new OnnxRuntimeSession(onnx, options, device));
    MANTISSA_TRY(session->load(session->engine_options()));
    if (!options.keep_memory) {
      session->run_options_ = Ort::RunOptions();
      session->run_options_.AddConfigEntry(kOrtRunOptionsConfigEnableMemoryArenaShrinkage, "cpu:0");
    }
    return std::unique_ptr<Session>(std::move(session));
  });
}

Result<void> OnnxRuntimeSession::load(const Ort::SessionOptions& options) {
  session_ = Ort::Session(environment(), onnx_.data(), onnx_.size(), options);
  input_names_ = session_.GetInputNames();
  output_names_ = session_.GetOutputNames();
  for (const std::string& name : output_names_) output_pointers_.push_back(name.c_str());
  for (const std::string& name : input_names_) input_pointers_.push_back(name.c_str());
  MANTISSA_TRY(check_interface());
  if (input_names_.size() > 1) {
    const Ort::TypeInfo type = session_.GetInputTypeInfo(1);
    condition_declared_ = type.GetTensorTypeAndShapeInfo().GetShape();
  }
  return {};
}

Result<void> OnnxRuntimeSession::check_interface() const {
  MANTISSA_TRY(check_inputs(input_names_));
  if (output_names_.empty()) return bad_input("the network has no output");
  const auto is_float = [](const Ort::TypeInfo& type) {
    return type.GetONNXType() == ONNX_TYPE_TENSOR &&
           type.GetTensorTypeAndShapeInfo().GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
  };
  bool all_float = is_float(session_.GetOutputTypeInfo(0));
  for (std::size_t i = 0; i < input_names_.size(); ++i) all_float = all_float && is_float(session_.GetInputTypeInfo(i));
  if (!all_float) return unsupported("the network's input or output is not a float32 tensor");
  return {};
}

Result<std::vector<Ort::Value>> OnnxRuntimeSession::inputs_for(const TensorView& picture) {
  std::vector<Ort::Value> inputs;
  const auto add = [&](float* data, std::size_t count, const std::vector<std::int64_t>& shape) {
    inputs.push_back(Ort::Value::CreateTensor<float>(memory_, data, count, shape.data(), shape.size()));
  };
  add(picture.data, static_cast<std::size_t>(picture.count()), picture.shape);
  if (input_names_.size() == 1) return inputs;
  if (!seen_.empty()) {
    add(seen_.data(), seen_.size(), condition_declared_);
    return inputs;
  }
  if (!condition_) return condition_is_missing(input_names_[1]);
  const std::vector<std::int64_t> shape = condition_shape(condition_declared_, picture.shape, condition_->map_step);
  fill_condition(shape, condition_->number, condition_values_);
  add(condition_values_.data(), condition_values_.size(), shape);
  return inputs;
}

Result<void> OnnxRuntimeSession::run_into(const TensorView& input, std::vector<Ort::Value>& outputs) {
  MANTISSA_ASSIGN(const std::vector<Ort::Value> inputs, inputs_for(input));
  while (outputs.size() < output_names_.size()) outputs.emplace_back(nullptr);
  session_.Run(run_options_, input_pointers_.data(), inputs.data(), inputs.size(), output_pointers_.data(),
               outputs.data(), outputs.size());
  return {};
}

Result<void> OnnxRuntimeSession::run(const TensorView& input, const TensorView& output) {
  return guarded([&]() -> Result<void> {
    std::vector<Ort::Value> outputs;
    outputs.push_back(Ort::Value::CreateTensor<float>(memory_, output.data, static_cast<std::size_t>(output.count()),
                                                      output.shape.data(), output.shape.size()));
    return run_into(input, outputs);
  });
}

Result<std::vector<float>> OnnxRuntimeSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return guarded([&]() -> Result<std::vector<float>> {
    std::vector<Ort::Value> outputs;
    MANTISSA_TRY(run_into(input, outputs));
    const auto information = outputs.front().GetTensorTypeAndShapeInfo();
    output_shape = information.GetShape();
    const auto* data = outputs.front().GetTensorData<float>();
    return std::vector<float>(data, data + information.GetElementCount());
  });
}

Result<Placement> OnnxRuntimeSession::optimized_for_cpu(GraphOptimizationLevel level) const {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "optimized.onnx";
  Ort::SessionOptions options = engine_options(/*with_device=*/false);
  options.SetGraphOptimizationLevel(level);
  options.SetOptimizedModelFilePath(file.c_str());
  const Ort::Session writes_it(environment(), onnx_.data(), onnx_.size(), options);
  return read_optimized_graph(file);
}

// At the engine's basic level, where a node of the graph is a node of the network: beyond it the CPU fuses those that a
// device left to it, and they would count as fewer.
Result<Placement> OnnxRuntimeSession::profiled() const {
  const TemporaryFolder folder;
  MANTISSA_ASSIGN(const Placement all, optimized_for_cpu(ORT_ENABLE_BASIC));
  OnnxRuntimeSession watched(onnx_, options_, device_);
  Ort::SessionOptions options = watched.engine_options();
  options.SetGraphOptimizationLevel(ORT_ENABLE_BASIC);
  options.EnableProfiling((folder.path() / "profile").c_str());
  MANTISSA_TRY(watched.load(options));
  watched.condition_ = condition_ ? condition_ : Condition{0, 1};
  const auto input = watched.session_.GetInputTypeInfo(0);
  std::vector<std::int64_t> shape = input.GetTensorTypeAndShapeInfo().GetShape();
  if (shape.size() != 4) return unsupported("the network's input has not four dimensions");
  constexpr std::int64_t kSide = 64;  // a multiple of what networks ask for
  std::int64_t count = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 1) shape[i] = i == 0 ? 1 : i == 1 ? 3 : kSide;
    count *= shape[i];
  }
  std::vector<float> values(static_cast<std::size_t>(count), 0.5F);
  MANTISSA_TRY(watched.run({shape, values.data()}, shape));
  Ort::AllocatorWithDefaultOptions allocator;
  const std::string file = watched.session_.EndProfilingAllocated(allocator).get();
  return read_profile(file, device_.device, static_cast<int>(all.entries.size()));
}

Result<Placement> OnnxRuntimeSession::placement() {
  return guarded([&] { return device_.device == kCpu ? optimized_for_cpu(ORT_ENABLE_ALL) : profiled(); });
}

}  // namespace mantissa::run::onnxruntime
