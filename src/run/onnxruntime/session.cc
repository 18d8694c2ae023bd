#include "run/onnxruntime/session.h"

#include <onnxruntime_run_options_config_keys.h>
#include <onnxruntime_session_options_config_keys.h>

#include "base/threads.h"
#include "run/condition_tensor.h"
#include "run/onnxruntime/engine.h"
#include "run/onnxruntime/optimized_graph.h"

namespace mantissa::run::onnxruntime {

CpuSession::CpuSession(std::span<const std::byte> onnx, SessionOptions options)
    : options_(std::move(options)), operators_(options_.tap), onnx_(onnx.begin(), onnx.end()) {}

Ort::SessionOptions CpuSession::engine_options() const {
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
  return options;
}

Result<std::unique_ptr<Session>> CpuSession::open(std::span<const std::byte> onnx, const SessionOptions& options) {
  return guarded([&]() -> Result<std::unique_ptr<Session>> {
    std::unique_ptr<CpuSession> session(new CpuSession(onnx, options));
    session->session_ =
        Ort::Session(environment(), session->onnx_.data(), session->onnx_.size(), session->engine_options());
    if (!options.keep_memory) {
      session->run_options_ = Ort::RunOptions();
      session->run_options_.AddConfigEntry(kOrtRunOptionsConfigEnableMemoryArenaShrinkage, "cpu:0");
    }
    session->input_names_ = session->session_.GetInputNames();
    session->output_names_ = session->session_.GetOutputNames();
    for (const std::string& name : session->output_names_) session->output_pointers_.push_back(name.c_str());
    for (const std::string& name : session->input_names_) session->input_pointers_.push_back(name.c_str());
    MANTISSA_TRY(session->check_interface());
    if (session->input_names_.size() > 1) {
      const Ort::TypeInfo type = session->session_.GetInputTypeInfo(1);
      session->condition_declared_ = type.GetTensorTypeAndShapeInfo().GetShape();
    }
    return std::unique_ptr<Session>(std::move(session));
  });
}

Result<void> CpuSession::check_interface() const {
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

Result<std::vector<Ort::Value>> CpuSession::inputs_for(const TensorView& picture) {
  std::vector<Ort::Value> inputs;
  const auto add = [&](float* data, std::size_t count, const std::vector<std::int64_t>& shape) {
    inputs.push_back(Ort::Value::CreateTensor<float>(memory_, data, count, shape.data(), shape.size()));
  };
  add(picture.data, static_cast<std::size_t>(picture.count()), picture.shape);
  if (input_names_.size() == 1) return inputs;
  if (!condition_) return condition_is_missing(input_names_[1]);
  const std::vector<std::int64_t> shape = condition_shape(condition_declared_, picture.shape, condition_->map_step);
  fill_condition(shape, condition_->number, condition_values_);
  add(condition_values_.data(), condition_values_.size(), shape);
  return inputs;
}

Result<void> CpuSession::run_into(const TensorView& input, std::vector<Ort::Value>& outputs) {
  MANTISSA_ASSIGN(const std::vector<Ort::Value> inputs, inputs_for(input));
  while (outputs.size() < output_names_.size()) outputs.emplace_back(nullptr);
  session_.Run(run_options_, input_pointers_.data(), inputs.data(), inputs.size(), output_pointers_.data(),
               outputs.data(), outputs.size());
  return {};
}

Result<void> CpuSession::run(const TensorView& input, const TensorView& output) {
  return guarded([&]() -> Result<void> {
    std::vector<Ort::Value> outputs;
    outputs.push_back(Ort::Value::CreateTensor<float>(memory_, output.data, static_cast<std::size_t>(output.count()),
                                                      output.shape.data(), output.shape.size()));
    return run_into(input, outputs);
  });
}

Result<std::vector<float>> CpuSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return guarded([&]() -> Result<std::vector<float>> {
    std::vector<Ort::Value> outputs;
    MANTISSA_TRY(run_into(input, outputs));
    const auto information = outputs.front().GetTensorTypeAndShapeInfo();
    output_shape = information.GetShape();
    const auto* data = outputs.front().GetTensorData<float>();
    return std::vector<float>(data, data + information.GetElementCount());
  });
}

Result<Placement> CpuSession::placement() {
  return guarded([&]() -> Result<Placement> {
    TemporaryFile file;
    Ort::SessionOptions options = engine_options();
    options.SetOptimizedModelFilePath(file.path().c_str());
    const Ort::Session writes_it(environment(), onnx_.data(), onnx_.size(), options);
    return read_optimized_graph(file.path());
  });
}

}  // namespace mantissa::run::onnxruntime
