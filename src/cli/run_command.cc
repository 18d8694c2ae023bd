#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/error_json.h"
#include "mantissa/run.h"

namespace mantissa::cli {
namespace {

void print_text(const RunSummary& summary) {
  const RunnerInfo& runner = summary.runner;
  std::printf("%s on %s (%s)\n", runner.variant.c_str(), runner.provider.c_str(), runner.reason.c_str());
  for (const RestoredPicture& picture : summary.pictures) {
    const auto pixels = static_cast<double>(picture.input_pixels);
    std::printf("%s  %dx%d, %.2f s, %.2f us/pixel\n", picture.output.c_str(), picture.width, picture.height,
                picture.seconds, picture.seconds * 1e6 / pixels);
  }
  if (summary.skipped + summary.failures.size() > 0)
    std::printf("%zu restored, %zu skipped, %zu failed\n", summary.pictures.size(), summary.skipped,
                summary.failures.size());
}

void print_json(const RunSummary& summary) {
  const RunnerInfo& runner = summary.runner;
  nlohmann::ordered_json json = {
      {"variant", runner.variant}, {"provider", runner.provider}, {"reason", runner.reason}, {"scale", runner.scale}};
  json["pictures"] = nlohmann::ordered_json::array();
  for (const RestoredPicture& picture : summary.pictures)
    json["pictures"].push_back({{"input", picture.input.string()},
                                {"output", picture.output.string()},
                                {"width", picture.width},
                                {"height", picture.height},
                                {"tiles", picture.tiles},
                                {"seconds", base::rounded(picture.seconds, base::kDigitsOfTime)},
                                {"engine_seconds", base::rounded(picture.engine_seconds, base::kDigitsOfTime)}});
  json["skipped"] = summary.skipped;
  json["failures"] = nlohmann::ordered_json::array();
  for (const FailedPicture& failed : summary.failures)
    json["failures"].push_back({{"input", failed.input.string()}, {"error", to_json(failed.error)}});
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int run_command(RunRequest request, const GlobalOptions& global) {
  request.on_failure = [](const FailedPicture& failed) { base::complain(failed.error.message()); };
  const auto summary = restore_pictures(request);
  if (!summary.ok()) return fail(summary.error(), global);
  global.json ? print_json(*summary) : print_text(*summary);
  return summary->failures.empty() ? 0 : static_cast<int>(ErrorCode::bad_input);
}

}  // namespace

void add_run(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("run", "Restore pictures with a release, or with a network as it came");
  auto request = std::make_shared<RunRequest>();
  command->add_option("model", request->model, "Release folder, checkpoint or ONNX file")->required();
  command->add_option("inputs", request->inputs, "Pictures, folders of pictures, patterns in quotes")->required();
  command
      ->add_option("-o,--output", request->output,
                   "Picture to write (.png .jpg .tif .webp); for several a folder, or a name with {name}, {ext}, "
                   "{folder}, {scale}, {variant}")
      ->required();
  command->add_flag("-r,--recursive", request->recursive, "Folders with all folders below them");
  command->add_option("--provider", request->provider,
                      "Engine to run on (mantissa providers); default: the fastest that passed the gate");
  command->add_option("--variant", request->variant,
                      "fp32, bf16, int8 ...: what the release has; default: the fastest that passed the gate");
  command->add_option("--range", request->overrides.range,
                      "Black and white in a network file's numbers, such as 0:255, or -1:1,0:1 for in and out");
  command->add_option("--colour", request->overrides.colour, "rgb, ycbcr or luminance, for a network file");
  command->add_option("--sigma", request->sigma, "How noisy the pictures are, for a network that is told: 25 of 255");
  command->add_option("--scale", request->scale,
                      "How much larger the output is than the input, 1.5 say: resampled from what the network makes; "
                      "default: the network's own");
  command->add_option("--tile", request->tile_size, "Largest side of a tile in input pixels; default: chosen")
      ->check(whole_number(1));
  command->add_option("--threads", request->threads, "Threads of the engine; default: all cores")
      ->check(whole_number(1));
  command->add_option("--quality", request->quality, "Of JPEG and WebP, 1 to 100")->check(whole_number(1, 100));
  command->add_flag("--overwrite", request->overwrite, "Replace outputs that exist");
  command->add_flag("--skip-existing", request->skip_existing, "Leave out pictures whose output exists");
  command->footer(
      "A picture that cannot be restored does not stop the others; the exit code is 3 then.\n\n"
      "Example:\n  mantissa run out photo.jpg -o restored.png\n  mantissa run out photos/ --recursive -o restored/\n"
      "  mantissa run out 'scans/*.tif' --scale 1.5 -o 'restored/{name}_x{scale}.png' --skip-existing");
  command->callback([request, &global, &exit_code] { exit_code = run_command(*request, global); });
}

}  // namespace mantissa::cli
