#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "cli/commands.h"
#include "mantissa/bench.h"

namespace mantissa::cli {
namespace {

void print_peak(const BenchSummary& summary) {
  const MachinePeak& peak = summary.peak;
  std::printf("%s, %d threads\n", summary.machine.c_str(), summary.threads);
  if (peak.measured_on.empty()) return;
  std::printf("Peak, by a large convolution on %s: %.0f GMAC/s in fp32", peak.measured_on.c_str(),
              peak.fp32_macs / 1e9);
  if (peak.bf16_macs > 0) std::printf(", %.0f in bf16", peak.bf16_macs / 1e9);
  std::printf(", %.0f in int8; memory %.1f GB/s\n%.0f multiply-accumulates a pixel\n", peak.int8_macs / 1e9,
              peak.bytes / 1e9, summary.macs_per_pixel);
}

void print_text(const BenchSummary& summary, bool chosen) {
  print_peak(summary);
  std::printf("\n%-22s %-25s %5s %9s", "file", "provider", "tile", "us/pixel");
  if (!chosen) std::printf(" %9s %8s %8s", "bound", "reached", "memory");
  std::printf(" %10s\n", "to fp32 dB");
  for (const BenchRow& row : summary.rows) {
    std::printf("%-22s %-25s %5d ", (row.path.empty() ? row.variant : row.path).c_str(), row.provider.c_str(),
                row.tile_size);
    if (row.microseconds_per_pixel <= 0) {
      std::printf("%s\n", row.problem.c_str());
      continue;
    }
    std::printf("%9.3f", row.microseconds_per_pixel);
    if (!chosen)
      std::printf(" %9.3f %6.0f %% %5.0f MB", row.bound, 100 * row.bound / row.microseconds_per_pixel, row.megabytes);
    std::printf(" %10.2f%s%s\n", row.psnr, row.problem.empty() ? "" : "  ", row.problem.c_str());
  }
  if (chosen) std::printf("\nThe first one is taken from now on.\n");
}

void print_json(const BenchSummary& summary, bool chosen) {
  nlohmann::ordered_json json = {{"machine", summary.machine}, {"threads", summary.threads}};
  const auto time = [](double number) { return base::rounded(number, base::kDigitsOfTime); };
  if (!chosen) {
    json["macs_per_pixel"] = time(summary.macs_per_pixel);
    json["peak"] = {{"fp32_macs", time(summary.peak.fp32_macs)},
                    {"bf16_macs", time(summary.peak.bf16_macs)},
                    {"int8_macs", time(summary.peak.int8_macs)},
                    {"bytes", time(summary.peak.bytes)},
                    {"measured_on", summary.peak.measured_on}};
  }
  json["rows"] = nlohmann::ordered_json::array();
  for (const BenchRow& row : summary.rows) {
    nlohmann::ordered_json each = {{"path", row.path},
                                   {"variant", row.variant},
                                   {"provider", row.provider},
                                   {"tile_size", row.tile_size},
                                   {"microseconds_per_pixel", time(row.microseconds_per_pixel)},
                                   {"psnr_to_fp32", base::rounded(row.psnr, base::kDigitsOfFigure)},
                                   {"problem", row.problem}};
    if (!chosen) each.update({{"bound", time(row.bound)}, {"megabytes", time(row.megabytes)}});
    json["rows"].push_back(std::move(each));
  }
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int bench_command(const BenchRequest& request, bool chosen, const GlobalOptions& global) {
  const auto summary = chosen ? choose(request) : bench(request);
  if (!summary.ok()) return fail(summary.error(), global);
  global.json ? print_json(*summary, chosen) : print_text(*summary, chosen);
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("bench", "Measure what runs a release, or a network, fastest on this machine");
  auto request = std::make_shared<BenchRequest>();
  auto chosen = std::make_shared<bool>(false);
  command->add_option("model", request->model, "Release folder, checkpoint or ONNX file")->required();
  command->add_flag("--choose", *chosen, "Find the fastest quickly, and let `mantissa run` take it from now on");
  command->add_option("--provider", request->provider, "Only this engine (mantissa providers)");
  command->add_option("--variant", request->variant, "Only this variant: fp32, int8 ...");
  command->add_option("--tile", request->tile_sizes, "Sides of tiles in input pixels; default: three around the usual")
      ->check(whole_number(1))
      ->allow_extra_args(false);
  add_overrides(*command, request->overrides);
  command->add_option("--sigma", request->sigma, "How noisy the pictures are, for a network that is told: 25 of 255");
  command->add_option("--threads", request->threads, "Threads of the engine; default: all cores")
      ->check(whole_number(1));
  const ProviderLibraries libraries = add_provider_libraries(*command);
  command->footer("Example:\n  mantissa bench out\n  mantissa bench --choose out");
  command->callback([request, chosen, libraries, &global, &exit_code] {
    const auto added = use(libraries);
    exit_code = added.ok() ? bench_command(*request, *chosen, global) : fail(added.error(), global);
  });
}

}  // namespace mantissa::cli
