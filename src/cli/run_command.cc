#include <charconv>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/error_json.h"
#include "mantissa/run.h"

namespace mantissa::cli {
namespace {

// Of a picture that is not so small that opening files takes longer.
std::string speed_of(const RestoredPicture& picture) {
  constexpr std::int64_t kPixelsThatCount = 10'000;
  if (picture.input_pixels < kPixelsThatCount) return {};
  char text[48];
  std::snprintf(text, sizeof text, ", %.2f us/pixel",
                picture.seconds * 1e6 / static_cast<double>(picture.input_pixels));
  return text;
}

// What a user should know of a picture beside that it is there.
std::string remarks_on(const RestoredPicture& picture) {
  std::string text;
  if (picture.tiles_repeated > 0)
    text += ", " + std::to_string(picture.tiles_repeated) + " of " + std::to_string(picture.tiles) +
            " tiles done again in a safer variant";
  if (!picture.tile_agreement) return text;
  char agreement[96];
  std::snprintf(agreement, sizeof agreement, ", %d tiles that agree to %.1f dB where they overlap (worst %.1f dB)",
                picture.tiles, picture.tile_agreement->first, picture.tile_agreement->second);
  text += agreement;
  return picture.tile_error ? text + "; " + text_of(*picture.tile_error) : text;
}

void print_text(const RunSummary& summary) {
  const RunnerInfo& runner = summary.runner;
  std::printf("%s on %s (%s)\n", runner.variant.c_str(), runner.provider.c_str(), runner.reason.c_str());
  for (const RestoredPicture& picture : summary.pictures) {
    std::printf("%s  %dx%d, %.2f s%s%s\n", picture.output.c_str(), picture.width, picture.height, picture.seconds,
                speed_of(picture).c_str(), remarks_on(picture).c_str());
  }
  if (summary.skipped + summary.failures.size() > 0)
    std::printf("%zu restored, %zu skipped, %zu failed\n", summary.pictures.size(), summary.skipped,
                summary.failures.size());
  for (const std::string& line : summary.explanation) std::printf("  %s\n", line.c_str());
}

void print_json(const RunSummary& summary) {
  const RunnerInfo& runner = summary.runner;
  nlohmann::ordered_json json = {
      {"variant", runner.variant}, {"provider", runner.provider}, {"reason", runner.reason}, {"scale", runner.scale}};
  if (!summary.explanation.empty()) json["explanation"] = summary.explanation;
  json["pictures"] = nlohmann::ordered_json::array();
  for (const RestoredPicture& picture : summary.pictures) {
    json["pictures"].push_back({{"input", picture.input.string()},
                                {"output", picture.output.string()},
                                {"width", picture.width},
                                {"height", picture.height},
                                {"tiles", picture.tiles},
                                {"tiles_repeated", picture.tiles_repeated},
                                {"seconds", base::rounded(picture.seconds, base::kDigitsOfTime)},
                                {"engine_seconds", base::rounded(picture.engine_seconds, base::kDigitsOfTime)}});
    if (picture.tile_agreement)
      json["pictures"].back()["tile_agreement"] = {
          {"psnr", base::rounded(picture.tile_agreement->first, base::kDigitsOfFigure)},
          {"worst_psnr", base::rounded(picture.tile_agreement->second, base::kDigitsOfFigure)}};
    if (picture.tile_error) json["pictures"].back()["tile_error"] = to_json(*picture.tile_error);
  }
  json["skipped"] = summary.skipped;
  json["failures"] = nlohmann::ordered_json::array();
  for (const FailedPicture& failed : summary.failures)
    json["failures"].push_back({{"input", failed.input.string()}, {"error", to_json(failed.error)}});
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

// What may be typed for a stream of frames, beside what pictures take too.
struct StreamWords {
  std::string frames;
  std::string size;
  StreamRequest request;
};

bool is_stream(const RunRequest& pictures, const StreamWords& words) {
  if (pictures.inputs.size() != 1) return false;
  const std::filesystem::path& input = pictures.inputs.front();
  return input == "-" || input.extension() == ".y4m" || !words.frames.empty();
}

// What makes no sense for a stream, or without one.
Result<void> check_words(const RunRequest& pictures, const StreamWords& words, bool json) {
  const StreamRequest& stream = words.request;
  const bool for_stream = !(words.frames + words.size + stream.matrix + stream.levels + stream.siting).empty();
  if (!is_stream(pictures, words)) {
    if (for_stream)
      return usage_error("--frames, --size, --matrix, --levels and --siting are for a stream of frames",
                         "Give one input that is - or a .y4m file");
    for (const std::filesystem::path& input : pictures.inputs)
      if (input == "-" || pictures.output == "-")
        return usage_error("pictures are not read from standard input, nor written to standard output",
                           "Name files, or give a stream of frames alone: - -o -");
    return {};
  }
  if (pictures.recursive || pictures.skip_existing || pictures.quality != 0)
    return usage_error("--recursive, --skip-existing and --quality are for pictures, not for a stream of frames");
  if (json && pictures.output == "-")
    return usage_error("--json and the frames would both go to standard output", "Leave out --json");
  return {};
}

// "1280x720".
Result<void> take_size(const std::string& text, StreamRequest& request) {
  if (text.empty()) return {};
  const char* const end = text.data() + text.size();
  const auto [cross, bad_width] = std::from_chars(text.data(), end, request.width);
  if (bad_width == std::errc() && cross != end && *cross == 'x') {
    const auto [rest, bad_height] = std::from_chars(cross + 1, end, request.height);
    if (bad_height == std::errc() && rest == end && request.width > 0 && request.height > 0) return {};
  }
  return usage_error("'" + text + "' is not a size", "State it as --size 1280x720");
}

void print_frames(const RunnerInfo& runner, const RestoredFrames& done, bool json, bool to_standard_output) {
  if (json) {
    const nlohmann::ordered_json printed = {
        {"variant", runner.variant},
        {"provider", runner.provider},
        {"reason", runner.reason},
        {"scale", runner.scale},
        {"frames", done.frames},
        {"width", done.width},
        {"height", done.height},
        {"seconds", base::rounded(done.seconds, base::kDigitsOfTime)},
        {"engine_seconds", base::rounded(done.engine_seconds, base::kDigitsOfTime)}};
    std::printf("%s\n", printed.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  char text[160];
  std::snprintf(text, sizeof text, "%lld frames, %dx%d to %dx%d, %.2f s, %.1f frames/s, %.0f %% in the engine",
                static_cast<long long>(done.frames), done.input_width, done.input_height, done.width, done.height,
                done.seconds, static_cast<double>(done.frames) / done.seconds,
                100 * done.engine_seconds / done.seconds);
  const std::string all = runner.variant + " on " + runner.provider + " (" + runner.reason + ")\n" + text;
  if (to_standard_output)
    std::printf("%s\n", all.c_str());
  else
    base::note(all);  // frames are there
}

Result<void> run_stream(const RunRequest& pictures, StreamWords words, bool json) {
  StreamRequest& request = words.request;
  request.input = pictures.inputs.front();
  request.output = pictures.output;
  request.overwrite = pictures.overwrite;
  if (!words.frames.empty()) request.format = words.frames;
  MANTISSA_TRY(take_size(words.size, request));
  MANTISSA_ASSIGN(const Runner runner, Runner::open(pictures));
  base::Progress progress("restoring", 0, "frames");
  const auto show = [&](int, int) { return progress.advance(), true; };
  MANTISSA_ASSIGN(const RestoredFrames done, runner.restore_stream(request, {{}, show}));
  print_frames(runner.info(), done, json, request.output != "-");
  return {};
}

int run_command(RunRequest request, const StreamWords& words, const GlobalOptions& global) {
  if (const auto good = check_words(request, words, global.json); !good.ok()) return fail(good.error(), global);
  if (is_stream(request, words)) {
    const auto done = run_stream(request, words, global.json);
    return done.ok() ? 0 : fail(done.error(), global);
  }
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
  auto stream = std::make_shared<StreamWords>();
  command->add_option("model", request->model, "Release folder, checkpoint, ONNX file or frozen TensorFlow graph")
      ->required();
  command
      ->add_option("inputs", request->inputs,
                   "Pictures, folders of pictures, patterns in quotes; or a stream of frames: - or .y4m")
      ->required();
  command
      ->add_option("-o,--output", request->output,
                   "Picture to write (.png .jpg .tif .webp); for several a folder, or a name with {name}, {ext}, "
                   "{folder}, {scale}, {variant}; for a stream - or .y4m")
      ->required();
  command->add_flag("-r,--recursive", request->recursive, "Folders with all folders below them");
  command->add_option("--provider", request->provider,
                      "Engine to run on (mantissa providers); default: the fastest that passed the gate");
  const ProviderLibraries libraries = add_provider_libraries(*command);
  command->add_option("--variant", request->variant,
                      "fp32, bf16, int8 ...: what the release has; default: the fastest that passed the gate");
  add_overrides(*command, request->overrides);
  command->add_option("--sigma", request->sigma, "How noisy the pictures are, for a network that is told: 25 of 255");
  command->add_option("--scale", request->scale,
                      "How much larger the output is than the input, 1.5 say: resampled from what the network makes; "
                      "default: the network's own");
  command->add_option("--tile", request->tile_size, "Largest side of a tile in input pixels; default: chosen")
      ->check(whole_number(1));
  command
      ->add_option("--memory", request->memory,
                   "Memory that it may take, such as 2G or 500M; default: most of what is free")
      ->transform(CLI::AsSizeValue(false));
  command->add_option("--alpha", request->restore_alpha, "restored (by the network) or resampled; default: resampled")
      ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"restored", true}, {"resampled", false}}));
  command->add_option("--threads", request->threads, "Threads of the engine; default: all cores")
      ->check(whole_number(1));
  command->add_flag("--explain", request->explain, "Say what ran where and why, and what else there was");
  command->add_flag("!--no-race", request->may_race, "Do not try out what is fastest here, however long it takes");
  command->add_option("--quality", request->quality, "Of JPEG and WebP, 1 to 100")->check(whole_number(1, 100));
  command->add_flag("--overwrite", request->overwrite, "Replace outputs that exist");
  command->add_flag("--skip-existing", request->skip_existing, "Leave out pictures whose output exists");
  command->add_option("--frames", stream->frames,
                      "Of a stream: y4m, or without headers rgb24, rgb48, gray, gray16; default: y4m");
  command->add_option("--size", stream->size, "Of frames without headers: 1280x720");
  command->add_option("--matrix", stream->request.matrix,
                      "Of Y4M: bt601, bt709, bt2020; default: bt709 from 1280 columns or 577 rows on");
  command->add_option("--levels", stream->request.levels,
                      "Of Y4M: limited or full; default: what it says, else limited");
  command->add_option("--siting", stream->request.siting, "Of 4:2:0: centre, left, top-left; default: what it says");
  command->footer(
      "A picture that cannot be restored does not stop the others; the exit code is 3 then.\n\n"
      "Example:\n  mantissa run out photo.jpg -o restored.png\n  mantissa run out photos/ --recursive -o restored/\n"
      "  mantissa run out 'scans/*.tif' --scale 1.5 -o 'restored/{name}_x{scale}.png' --skip-existing\n"
      "  ffmpeg -i in.mp4 -f yuv4mpegpipe - | mantissa run out - -o - | ffmpeg -i - out.mkv");
  command->callback([request, stream, libraries, &global, &exit_code] {
    const auto added = use(libraries);
    exit_code = added.ok() ? run_command(*request, *stream, global) : fail(added.error(), global);
  });
}

}  // namespace mantissa::cli
