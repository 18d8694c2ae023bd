#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "mantissa/weights.h"

namespace mantissa::cli {
namespace {

std::string in_units(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  char text[64];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

void print_line(const WeightsSummary& summary) {
  std::string stayed;
  for (const StayedConstants& each : summary.stayed)
    stayed += (stayed.empty() ? "; unchanged: " : ", ") + std::to_string(each.tensors) + " (" + in_units(each.bytes) +
              ") " + each.reason;
  std::printf("Quantized: %zu tensors, from %s to %s%s\n", summary.tensors, in_units(summary.bytes_before).c_str(),
              in_units(summary.bytes_after).c_str(), stayed.c_str());
}

void print_json(const WeightsSummary& summary) {
  nlohmann::ordered_json json = {
      {"tensors", summary.tensors}, {"bytes_before", summary.bytes_before}, {"bytes_after", summary.bytes_after}};
  json["unchanged"] = nlohmann::ordered_json::array();
  for (const StayedConstants& each : summary.stayed)
    json["unchanged"].push_back({{"reason", each.reason}, {"tensors", each.tensors}, {"bytes", each.bytes}});
  std::printf("%s\n", json.dump(2).c_str());
}

int weights_command(const WeightsRequest& request, const GlobalOptions& global) {
  const auto summary = quantize_weights(request);
  if (!summary.ok()) return fail(summary.error(), global);
  global.json ? print_json(*summary) : print_line(*summary);
  return 0;
}

}  // namespace

void add_weights(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command =
      app.add_subcommand("weights", "Quantize the weights of any ONNX network, also of one larger than memory");
  auto request = std::make_shared<WeightsRequest>();
  command->add_option("network", request->network, "ONNX file")->required();
  command->add_option("--format", request->format, "int8 or int4")->required();
  command->add_option("--block", request->block,
                      "Weights of an output that share a scale: 32 (default), 64 or 128; int4 and matmulnbits only");
  command
      ->add_option("--operator", request->form,
                   "dequantize (any runtime with opset 21) or matmulnbits (ONNX Runtime only, MatMul only)")
      ->capture_default_str();
  command->add_option("-o,--output", request->output, "ONNX file to write; large constants go to FILE.data")
      ->required();
  command->footer("Example:\n  mantissa weights network.onnx --format int4 --block 64 -o small.onnx");
  command->callback([request, &global, &exit_code] { exit_code = weights_command(*request, global); });
}

}  // namespace mantissa::cli
