#include "run/openvino/session.h"

#include <algorithm>
#include <string>

#include "base/threads.h"
#include "run/condition_tensor.h"
#include "run/openvino/engine.h"
#include "run/openvino/execution_graph.h"

namespace mantissa::run::openvino {

namespace {

// Shapes kept compiled: tiles of the picture at hand and of the one before, with room for one more use.
constexpr std::size_t kCompiledShapes = 4;

Result<void> check_interface(const ov::Model& model) {
  std::vector<std::string> names;
  bool all_float = true;
  for (const auto& input : model.inputs()) {
    names.push_back(input.get_any_name());
    all_float = all_float && input.get_element_type() == ov::element::f32;
  }
  MANTISSA_TRY(check_inputs(names));
  if (model.outputs().empty()) return bad_input("the network has no output");
  if (!all_float || model.output(0).get_element_type() != ov::element::f32)
    return unsupported("the network's input or output is not a float32 tensor");
  return {};
}

std::string text_of(const ov::Shape& shape) {
  std::string text;
  for (const std::size_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

ov::Tensor tensor_on(float* data, const ov::Shape& shape) { return {ov::element::f32, shape, data}; }

bool has_bfloat16(const std::string& device) {
  const auto can = core().get_property(device, ov::device::capabilities);
  return std::find(can.begin(), can.end(), ov::device::capability::BF16) != can.end();
}

ov::Shape to_shape(const std::vector<std::int64_t>& sizes) { return {sizes.begin(), sizes.end()}; }

}  // namespace

Result<std::unique_ptr<Session>> OpenVinoSession::open(std::span<const std::byte> onnx, const SessionOptions& options,
                                                       const std::string& device) {
  if (!options.optimize)
    return unsupported("OpenVINO always optimizes a network", "Use onnxruntime-cpu to execute it as written");
  return guarded([&]() -> Result<std::unique_ptr<Session>> {
    const std::string bytes(reinterpret_cast<const char*>(onnx.data()), onnx.size());
    const std::shared_ptr<ov::Model> model = core().read_model(bytes, ov::Tensor());
    MANTISSA_TRY(check_interface(*model));
    return std::unique_ptr<Session>(new OpenVinoSession(model, options, device));
  });
}

OpenVinoSession::OpenVinoSession(std::shared_ptr<ov::Model> model, SessionOptions options, std::string device)
    : model_(std::move(model)), options_(std::move(options)), device_(std::move(device)) {
  if (options_.threads == 0) options_.threads = base::thread_count();
}

ov::AnyMap OpenVinoSession::settings() const {
  const bool in_bfloat16 = options_.floats == base::NumberFormat::bfloat16 && has_bfloat16(device_);
  ov::AnyMap settings = {
      ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
      // Numbers as the file says, unless asked: with AMX the engine would compute float32 in bfloat16, and
      // quantize weight-only layers' inputs by itself.
      ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY),
  };
  // An NPU has no float32: it computes in 16 bits what the file has in 32.
  if (device_ != "NPU")
    settings.insert(ov::hint::inference_precision(in_bfloat16 ? ov::element::bf16 : ov::element::f32));
  if (device_ == kCpu) {
    settings.insert(ov::inference_num_threads(options_.threads));
    // Rows are read, converted and encoded beside this; a pinned thread could not make room for them.
    settings.insert(ov::hint::enable_cpu_pinning(false));
  }
  return settings;
}

ov::CompiledModel OpenVinoSession::compile(const std::shared_ptr<ov::Model>& model) const {
  return core().compile_model(model, device_, settings());
}

OpenVinoSession::Compiled& OpenVinoSession::compiled_for(const std::vector<std::int64_t>& shape) {
  const auto found =
      std::find_if(compiled_.begin(), compiled_.end(), [&](const Compiled& c) { return c.shape == shape; });
  if (found != compiled_.end()) {
    compiled_.splice(compiled_.begin(), compiled_, found);
    return compiled_.front();
  }
  const std::shared_ptr<ov::Model> model = model_->clone();
  std::map<std::size_t, ov::PartialShape> shapes = {{0, to_shape(shape)}};
  if (model->inputs().size() > 1) shapes.emplace(1, to_shape(condition_shape_for(shape)));
  model->reshape(shapes);
  ov::CompiledModel ready = compile(model);
  ov::InferRequest request = ready.create_infer_request();
  if (compiled_.size() == kCompiledShapes) compiled_.pop_back();
  compiled_.push_front({shape, std::move(ready), std::move(request)});
  return compiled_.front();
}

std::vector<std::int64_t> OpenVinoSession::condition_shape_for(const std::vector<std::int64_t>& picture) const {
  std::vector<std::int64_t> declared;
  for (const ov::Dimension& size : model_->input(1).get_partial_shape())
    declared.push_back(size.is_static() ? size.get_length() : -1);
  return condition_shape(declared, picture, condition_ ? condition_->map_step : 1);
}

Result<void> OpenVinoSession::check_condition() const {
  if (model_->inputs().size() > 1 && !condition_ && seen_.empty())
    return condition_is_missing(model_->input(1).get_any_name());
  return {};
}

void OpenVinoSession::set_inputs(ov::InferRequest& request, const TensorView& picture) {
  request.set_input_tensor(0, tensor_on(picture.data, to_shape(picture.shape)));
  if (model_->inputs().size() == 1) return;
  const std::vector<std::int64_t> shape = condition_shape_for(picture.shape);
  if (seen_.empty()) fill_condition(shape, condition_->number, condition_values_);
  request.set_input_tensor(1, tensor_on((seen_.empty() ? condition_values_ : seen_).data(), to_shape(shape)));
}

Result<void> OpenVinoSession::run(const TensorView& input, const TensorView& output) {
  return guarded([&]() -> Result<void> {
    MANTISSA_TRY(check_condition());
    Compiled& compiled = compiled_for(input.shape);
    set_inputs(compiled.request, input);
    const ov::Shape expected = to_shape(output.shape);
    const ov::PartialShape known = compiled.model.output(0).get_partial_shape();
    if (known.is_static() && known.get_shape() != expected)
      return bad_input("the network gives " + text_of(known.get_shape()) + " where " + text_of(expected) +
                       " is expected");
    compiled.request.set_output_tensor(0, tensor_on(output.data, expected));
    compiled.request.infer();
    if (!options_.keep_memory) compiled.model.release_memory();
    return {};
  });
}

Result<std::vector<float>> OpenVinoSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return guarded([&]() -> Result<std::vector<float>> {
    MANTISSA_TRY(check_condition());
    Compiled& compiled = compiled_for(input.shape);
    // A request of its own: the kept one writes to whatever buffer it was given last.
    ov::InferRequest request = compiled.model.create_infer_request();
    set_inputs(request, input);
    request.infer();
    const ov::Tensor output = request.get_output_tensor(0);
    output_shape.assign(output.get_shape().begin(), output.get_shape().end());
    const auto* data = output.data<float>();
    return std::vector<float>(data, data + output.get_size());
  });
}

Result<Placement> OpenVinoSession::placement() {
  return guarded([&]() -> Result<Placement> {
    return read_execution_graph(compiled_.empty() ? compile(model_->clone()) : compiled_.front().model);
  });
}

}  // namespace mantissa::run::openvino
