#include "release/engines.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/files.h"
#include "base/interrupt.h"
#include "format/onnx.h"

namespace mantissa::release {

Result<std::unique_ptr<run::Session>> open_graph(const ir::Graph& graph, std::string_view provider,
                                                 const run::SessionOptions& options) {
  MANTISSA_ASSIGN(run::Provider * engine, run::provider(provider));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(graph));
  return engine->open(std::as_bytes(std::span(onnx)), options);
}

Result<std::unique_ptr<run::Session>> open_file(const std::filesystem::path& onnx, std::string_view provider,
                                                const run::SessionOptions& options) {
  MANTISSA_ASSIGN(run::Provider * engine, run::provider(provider));
  MANTISSA_ASSIGN(const base::Bytes bytes, base::map_file(onnx));
  return engine->open(bytes.span(), options);
}

quant::Execute execute_on(std::string_view provider, run::SessionOptions options) {
  return [provider = std::string(provider), options = std::move(options)](
             const ir::Graph& graph, std::span<const quant::Batch> inputs, const quant::Tap& tap,
             const std::function<void(std::size_t, quant::Batch)>& collect) -> Result<void> {
    run::SessionOptions own = options;
    own.tap = tap;
    MANTISSA_ASSIGN(const auto session, open_graph(graph, provider, own));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      MANTISSA_TRY(base::check_interrupt());
      if (inputs[i].condition) session->set_condition(*inputs[i].condition, inputs[i].map_step);
      // The engine reads the input only; its interface asks for a pointer that may be written.
      const run::TensorView input{inputs[i].shape, const_cast<float*>(inputs[i].values.data())};
      quant::Batch output;
      MANTISSA_ASSIGN(output.values, session->run(input, output.shape));
      if (collect) collect(i, std::move(output));
    }
    return {};
  };
}

void set_level(run::Session& session, const net::Task& task, std::optional<float> level) {
  if (task.condition && level) session.set_condition(task.condition->number_of(*level), task.condition->step);
}

std::optional<float> middle_level(const net::Task& task) {
  if (!task.condition || !task.condition->levels) return std::nullopt;
  return task.condition->levels->middle();
}

Result<double> measure_speed(run::Session& session, const net::Task& task) {
  constexpr int kSide = 192;
  constexpr int kRuns = 3;
  const int side = std::max(kSide / task.size_multiple, 1) * task.size_multiple;
  const int channels = net::channels_of(task.colour);
  std::vector<float> pixels(static_cast<std::size_t>(channels) * side * side, (task.range_low + task.range_high) / 2);
  std::vector<float> result(pixels.size() * task.scale * task.scale);
  const run::TensorView input{{1, channels, side, side}, pixels.data()};
  const std::int64_t enlarged = std::int64_t{side} * task.scale;
  const run::TensorView output{{1, channels, enlarged, enlarged}, result.data()};
  set_level(session, task, middle_level(task));
  MANTISSA_TRY(session.run(input, output));
  std::array<double, kRuns> seconds{};
  for (double& each : seconds) {
    const auto start = std::chrono::steady_clock::now();
    MANTISSA_TRY(session.run(input, output));
    each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[kRuns / 2] * 1e6 / (static_cast<double>(side) * side);
}

}  // namespace mantissa::release
