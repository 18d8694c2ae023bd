#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "cli/commands.h"
#include "mantissa/run.h"

namespace mantissa::cli {
namespace {

void print_text(const RunSummary& summary) {
  std::printf("%s on %s (%s)\n", summary.variant.c_str(), summary.provider.c_str(), summary.reason.c_str());
  for (const RestoredPicture& picture : summary.pictures) {
    const auto pixels = static_cast<double>(picture.input_pixels);
    std::printf("%s  %dx%d, %.2f s, %.2f us/pixel\n", picture.output.c_str(), picture.width, picture.height,
                picture.seconds, picture.seconds * 1e6 / pixels);
  }
  for (const std::string& line : summary.explanation) std::printf("  %s\n", line.c_str());
}

void print_json(const RunSummary& summary) {
  nlohmann::ordered_json json = {
      {"variant", summary.variant}, {"provider", summary.provider}, {"reason", summary.reason}};
  if (!summary.explanation.empty()) json["explanation"] = summary.explanation;
  json["pictures"] = nlohmann::ordered_json::array();
  for (const RestoredPicture& picture : summary.pictures)
    json["pictures"].push_back({{"input", picture.input.string()},
                                {"output", picture.output.string()},
                                {"width", picture.width},
                                {"height", picture.height},
                                {"tiles", picture.tiles},
                                {"seconds", base::rounded(picture.seconds, base::kDigitsOfTime)},
                                {"engine_seconds", base::rounded(picture.engine_seconds, base::kDigitsOfTime)}});
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int run_command(const RunRequest& request, const GlobalOptions& global) {
  const auto summary = restore_pictures(request);
  if (!summary.ok()) return fail(summary.error(), global);
  global.json ? print_json(*summary) : print_text(*summary);
  return 0;
}

}  // namespace

void add_run(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("run", "Restore pictures with a release, or with a network as it came");
  auto request = std::make_shared<RunRequest>();
  command->add_option("model", request->model, "Release folder, checkpoint or ONNX file")->required();
  command->add_option("inputs", request->inputs, "Pictures, or folders of pictures")->required();
  command
      ->add_option("-o,--output", request->output,
                   "Picture to write (.png .jpg .tif .webp); a folder for several inputs")
      ->required();
  command->add_option("--provider", request->provider,
                      "Engine to run on (mantissa providers); default: the fastest that passed the gate");
  const ProviderLibraries libraries = add_provider_libraries(*command);
  command->add_option("--variant", request->variant,
                      "fp32, bf16, int8 ...: what the release has; default: the fastest that passed the gate");
  command->add_option("--range", request->overrides.range,
                      "Black and white in a network file's numbers, such as 0:255, or -1:1,0:1 for in and out");
  command->add_option("--colour", request->overrides.colour, "rgb, ycbcr or luminance, for a network file");
  command->add_option("--sigma", request->sigma, "How noisy the pictures are, for a network that is told: 25 of 255");
  command->add_option("--tile", request->tile_size, "Largest side of a tile in input pixels; default: chosen")
      ->check(whole_number(1));
  command->add_option("--threads", request->threads, "Threads of the engine; default: all cores")
      ->check(whole_number(1));
  command->add_flag("--explain", request->explain, "Say what ran where and why, and what else there was");
  command->add_flag("!--no-race", request->may_race, "Do not try out what is fastest here, however long it takes");
  command->add_option("--quality", request->quality, "Of JPEG and WebP, 1 to 100")->check(whole_number(1, 100));
  command->add_flag("--overwrite", request->overwrite, "Replace outputs that exist");
  command->footer("Example:\n  mantissa run out photo.jpg -o restored.png\n  mantissa run out photos/ -o restored/");
  command->callback([request, libraries, &global, &exit_code] {
    const auto added = use(libraries);
    exit_code = added.ok() ? run_command(*request, global) : fail(added.error(), global);
  });
}

}  // namespace mantissa::cli
