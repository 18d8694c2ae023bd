#include "run/openvino/session.h"

#include <algorithm>
#include <string>

#include "base/threads.h"
#include "run/openvino/engine.h"
#include "run/openvino/execution_graph.h"

namespace mantissa::run::openvino {

namespace {

// Shapes kept compiled: tiles of the picture at hand and of the one before, with room for one more use.
constexpr std::size_t kCompiledShapes = 4;

Result<void> check_interface(const ov::Model& model) {
  if (model.inputs().size() != 1)
    return unsupported("the network has " + std::to_string(model.inputs().size()) + " inputs, and only one can be fed",
                       "Make the other inputs constants");
  if (model.outputs().empty()) return bad_input("the network has no output");
  if (model.input(0).get_element_type() != ov::element::f32 || model.output(0).get_element_type() != ov::element::f32)
    return unsupported("the network's input or output is not a float32 tensor");
  return {};
}

std::string text_of(const ov::Shape& shape) {
  std::string text;
  for (const std::size_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

ov::Tensor tensor_on(float* data, const ov::Shape& shape) { return {ov::element::f32, shape, data}; }

ov::Shape to_shape(const std::vector<std::int64_t>& sizes) { return {sizes.begin(), sizes.end()}; }

}  // namespace

Result<std::unique_ptr<Session>> CpuSession::open(std::span<const std::byte> onnx, const SessionOptions& options) {
  if (!options.optimize)
    return unsupported("OpenVINO always optimizes a network", "Use onnxruntime-cpu to execute it as written");
  return guarded([&]() -> Result<std::unique_ptr<Session>> {
    const std::string bytes(reinterpret_cast<const char*>(onnx.data()), onnx.size());
    const std::shared_ptr<ov::Model> model = core().read_model(bytes, ov::Tensor());
    MANTISSA_TRY(check_interface(*model));
    return std::unique_ptr<Session>(
        new CpuSession(model, options.threads > 0 ? options.threads : base::thread_count()));
  });
}

ov::CompiledModel CpuSession::compile(const std::shared_ptr<ov::Model>& model) const {
  return core().compile_model(
      model, "CPU", ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::inference_num_threads(threads_),
      // Rows are read, converted and encoded beside this; a pinned thread could not make room for them.
      ov::hint::enable_cpu_pinning(false),
      // Numbers as the file says: with AMX the engine would compute float32 in bfloat16, and
      // quantize weight-only layers' inputs by itself.
      ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY), ov::hint::inference_precision(ov::element::f32));
}

CpuSession::Compiled& CpuSession::compiled_for(const std::vector<std::int64_t>& shape) {
  const auto found =
      std::find_if(compiled_.begin(), compiled_.end(), [&](const Compiled& c) { return c.shape == shape; });
  if (found != compiled_.end()) {
    compiled_.splice(compiled_.begin(), compiled_, found);
    return compiled_.front();
  }
  const std::shared_ptr<ov::Model> model = model_->clone();
  model->reshape(ov::PartialShape(to_shape(shape)));
  ov::CompiledModel ready = compile(model);
  ov::InferRequest request = ready.create_infer_request();
  if (compiled_.size() == kCompiledShapes) compiled_.pop_back();
  compiled_.push_front({shape, std::move(ready), std::move(request)});
  return compiled_.front();
}

Result<void> CpuSession::run(const TensorView& input, const TensorView& output) {
  return guarded([&]() -> Result<void> {
    Compiled& compiled = compiled_for(input.shape);
    compiled.request.set_input_tensor(tensor_on(input.data, to_shape(input.shape)));
    const ov::Shape expected = to_shape(output.shape);
    const ov::PartialShape known = compiled.model.output(0).get_partial_shape();
    if (known.is_static() && known.get_shape() != expected)
      return bad_input("the network gives " + text_of(known.get_shape()) + " where " + text_of(expected) +
                       " is expected");
    compiled.request.set_output_tensor(0, tensor_on(output.data, expected));
    compiled.request.infer();
    return {};
  });
}

Result<std::vector<float>> CpuSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return guarded([&]() -> Result<std::vector<float>> {
    Compiled& compiled = compiled_for(input.shape);
    // A request of its own: the kept one writes to whatever buffer it was given last.
    ov::InferRequest request = compiled.model.create_infer_request();
    request.set_input_tensor(tensor_on(input.data, to_shape(input.shape)));
    request.infer();
    const ov::Tensor output = request.get_output_tensor(0);
    output_shape.assign(output.get_shape().begin(), output.get_shape().end());
    const float* data = output.data<float>();
    return std::vector<float>(data, data + output.get_size());
  });
}

Result<Placement> CpuSession::placement() {
  return guarded([&]() -> Result<Placement> {
    return read_execution_graph(compiled_.empty() ? compile(model_->clone()) : compiled_.front().model);
  });
}

}  // namespace mantissa::run::openvino
