#include "run/machine_peak.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/threads.h"
#include "format/onnx.h"
#include "ir/graph.h"
#include "run/provider.h"

namespace mantissa::run {
namespace {

constexpr std::int64_t kChannels = 128;
constexpr std::int64_t kSide = 128;
constexpr double kMacs = 9.0 * kChannels * kChannels * kSide * kSide;
constexpr int kLayers = 4;  // of one network: what goes in and out counts for little
constexpr int kRuns = 8;
constexpr std::size_t kCopied = std::size_t{1} << 28;  // bytes; larger than any cache

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

ir::Tensor weights_of(base::NumberFormat format) {
  const std::vector<std::int64_t> shape = {kChannels, kChannels, 3, 3};
  const std::size_t count = 9 * kChannels * kChannels;
  if (format == base::NumberFormat::int8) {
    std::vector<std::int8_t> levels(count);
    for (std::size_t i = 0; i < count; ++i) levels[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 101) - 50);
    return {format, shape, base::Bytes::take(std::move(levels))};
  }
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = (static_cast<float>(i * 37 % 101) - 50.0F) / 3000.0F;
  return ir::Tensor::of_floats(shape, std::move(values));
}

// Convolutions in a row, in float32 or between QuantizeLinear and DequantizeLinear.
ir::Graph convolutions(bool integers) {
  ir::Graph graph;
  const ir::Shape shape{{1, ""}, {kChannels, ""}, {kSide, ""}, {kSide, ""}};
  ir::ValueId x = graph.add_input("x", base::NumberFormat::float32, shape);
  const auto quantized = [&](ir::ValueId value) {
    const auto scale = graph.add_constant("", ir::Tensor::of_floats({}, {1.0F / 64}));
    const auto zero =
        graph.add_constant("", {base::NumberFormat::uint8, {}, base::Bytes::take(std::vector<std::uint8_t>{0})});
    const auto levels = graph.add("QuantizeLinear", {value, scale, zero});
    return graph.add("DequantizeLinear", {levels, scale, zero});
  };
  for (int layer = 0; layer < kLayers; ++layer) {
    ir::ValueId weight =
        graph.add_constant("weight" + std::to_string(layer),
                           weights_of(integers ? base::NumberFormat::int8 : base::NumberFormat::float32));
    if (integers) {
      const auto scale = graph.add_constant("", ir::Tensor::of_floats({}, {1.0F / 3000}));
      const auto zero =
          graph.add_constant("", {base::NumberFormat::int8, {}, base::Bytes::take(std::vector<std::int8_t>{0})});
      weight = graph.add("DequantizeLinear", {weight, scale, zero});
      x = quantized(x);
    }
    x = graph.add("Conv", {x, weight}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
    x = graph.add("Relu", {x});
  }
  graph.value(x).format = base::NumberFormat::float32;
  graph.value(x).shape = shape;
  graph.outputs = {x};
  return graph;
}

// Multiply-accumulates a second, the best of several runs.
Result<double> rate_of(std::string_view name, bool integers, base::NumberFormat floats, int threads) {
  MANTISSA_ASSIGN(Provider* const engine, provider(name));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(convolutions(integers)));
  MANTISSA_ASSIGN(const auto session,
                  engine->open(std::as_bytes(std::span(onnx)), {.threads = threads, .floats = floats, .tap = {}}));
  const std::vector<std::int64_t> shape = {1, kChannels, kSide, kSide};
  std::vector<float> input(static_cast<std::size_t>(kChannels * kSide * kSide), 0.5F), output(input.size());
  double best = INFINITY;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    MANTISSA_TRY(session->run({shape, input.data()}, {shape, output.data()}));
    if (run > 0) best = std::min(best, seconds_since(start));  // the first one compiles
  }
  return kLayers * kMacs / best;
}

double copy_rate() {
  std::vector<char> from(kCopied, 1), to(kCopied, 2);
  double best = INFINITY;
  for (int run = 0; run < 4; ++run) {
    const auto start = Clock::now();
    base::parallel_for(kCopied, kCopied / 64, [&](std::size_t begin, std::size_t end) {
      std::memcpy(to.data() + begin, from.data() + begin, end - begin);
    });
    best = std::min(best, seconds_since(start));
  }
  return 2.0 * kCopied / best;  // read and written
}

}  // namespace

Result<MachinePeak> measure_peak(int threads) {
  MachinePeak peak;
  std::optional<Error> problem;
  for (const ProviderDescriptor& own : providers()) {
    const auto rate = rate_of(own.name, false, base::NumberFormat::float32, threads);
    if (!rate.ok()) {
      problem = rate.error();
    } else if (*rate > peak.fp32_macs) {
      peak.fp32_macs = *rate;
      peak.measured_on = own.name;
    }
  }
  if (peak.measured_on.empty()) return *std::move(problem);
  for (const ProviderDescriptor& own : providers())  // integers may be faster on another
    if (const auto rate = rate_of(own.name, true, base::NumberFormat::float32, threads); rate.ok())
      peak.int8_macs = std::max(peak.int8_macs, *rate);
  const auto in_bfloat16 = rate_of("openvino-cpu", false, base::NumberFormat::bfloat16, threads);
  // Without the instructions the engine stays in float32, and the rate is that.
  if (in_bfloat16.ok() && *in_bfloat16 > 1.3 * peak.fp32_macs) peak.bf16_macs = *in_bfloat16;
  peak.bytes = copy_rate();
  return peak;
}

double roofline(const MachinePeak& peak, double macs, double share_in_int8, bool floats_in_bf16, double bytes) {
  const double floats = floats_in_bf16 && peak.bf16_macs > 0 ? peak.bf16_macs : peak.fp32_macs;
  double seconds = macs * (1 - share_in_int8) / floats;
  if (share_in_int8 > 0) seconds += macs * share_in_int8 / peak.int8_macs;
  return 1e6 * std::max(seconds, bytes / peak.bytes);
}

}  // namespace mantissa::run
