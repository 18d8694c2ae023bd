#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/digits.h"
#include "cli/commands.h"
#include "mantissa/release.h"

namespace mantissa::cli {
namespace {

std::string cell(const char* format, std::optional<double> value) {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

// A note may hold several sentences, each on a line of its own below what it is about.
void print_note(std::string_view note) {
  while (!note.empty()) {
    const std::string_view sentence = note.substr(0, note.find("; "));
    std::printf("  %.*s\n", static_cast<int>(sentence.size()), sentence.data());
    note.remove_prefix(std::min(sentence.size() + 2, note.size()));
  }
}

void print_table(const ReleaseSummary& summary) {
  std::printf("%s\nJudged on %s\n", summary.network.c_str(), summary.evaluation.c_str());
  if (summary.weak_evidence)
    std::printf("Weak evidence: give --evaluate at least 5 pictures that make 1 megapixel of output\n");
  std::printf("\n");
  for (const std::string& fact : summary.assumed) std::printf("Assumed: %s\n", fact.c_str());
  std::printf("%-22s %-20s %9s %8s %10s %9s  %s\n", "file", "verdict", "PSNR dB", "loss %", "to fp32 dB", "us/pixel",
              "fastest on");
  for (const ReleasedFile& file : summary.files) {
    const std::optional<double> speed =
        file.microseconds_per_pixel > 0 ? std::optional(file.microseconds_per_pixel) : std::nullopt;
    std::printf("%-22s %-20s %9s %8s %10s %9s  %s\n", file.path.c_str(), file.verdict.c_str(),
                cell("%.3f", file.psnr).c_str(), cell("%+.3f", file.loss_percent).c_str(),
                cell("%.2f", file.psnr_to_fp32).c_str(), cell("%.2f", speed).c_str(), file.provider.c_str());
    if (file.shipped) print_note(file.note);
  }
  if (std::any_of(summary.files.begin(), summary.files.end(), [](const ReleasedFile& file) { return !file.shipped; }))
    std::printf("\nLeft out, because\n");
  for (const ReleasedFile& file : summary.files) {
    if (file.shipped) continue;
    std::printf("%s\n", file.path.c_str());
    print_note(file.note);
  }
  std::printf("\n%s  (manifest: %s)\n", summary.folder.c_str(), (summary.folder / "release.json").c_str());
}

void print_json(const ReleaseSummary& summary) {
  nlohmann::ordered_json json = {{"folder", summary.folder.string()},
                                 {"network", summary.network},
                                 {"evaluation", summary.evaluation},
                                 {"weak_evidence", summary.weak_evidence},
                                 {"complete", summary.complete()}};
  json["files"] = nlohmann::ordered_json::array();
  const auto number = [](std::optional<double> value) {
    return value ? nlohmann::ordered_json(base::rounded(*value, base::kDigitsOfFigure))
                 : nlohmann::ordered_json(nullptr);
  };
  for (const ReleasedFile& file : summary.files)
    json["files"].push_back(
        {{"variant", file.variant},
         {"path", file.path},
         {"shipped", file.shipped},
         {"needed", file.needed},
         {"bytes", file.bytes},
         {"verdict", file.verdict},
         {"psnr", number(file.psnr)},
         {"loss_percent", number(file.loss_percent)},
         {"psnr_to_fp32", number(file.psnr_to_fp32)},
         {"microseconds_per_pixel", base::rounded(file.microseconds_per_pixel, base::kDigitsOfTime)},
         {"provider", file.provider},
         {"note", file.note}});
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int release_command(const ReleaseRequest& request, const GlobalOptions& global) {
  const auto summary = make_release(request);
  if (!summary.ok()) return fail(summary.error(), global);
  global.json ? print_json(*summary) : print_table(*summary);
  if (summary->complete()) return 0;
  std::string left_out;
  for (const ReleasedFile& file : summary->files)
    if (!file.shipped && file.needed) left_out += (left_out.empty() ? "" : ", ") + file.path;
  std::fprintf(stderr, "mantissa: left out of the release, for the reasons that it states: %s.\n", left_out.c_str());
  return static_cast<int>(ErrorCode::gate_failed);
}

}  // namespace

void add_release(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command =
      app.add_subcommand("release", "Make a release: every variant of a network, quantized, judged and written");
  auto request = std::make_shared<ReleaseRequest>();
  command
      ->add_option("network", request->network,
                   "PyTorch checkpoint (.pth, .pt), safetensors, ONNX or frozen TensorFlow graph (.pb)")
      ->required();
  command
      ->add_option("--calibrate", request->calibrate,
                   "Folder of pictures as the network will see them (clean ones with --degrade)")
      ->required();
  command
      ->add_option("--evaluate", request->evaluate,
                   "Folder of LR/HR pairs or of pictures, or two folders: inputs and true pictures")
      ->expected(1, 2);
  command->add_option("-o,--output", request->output, "Folder to make; must not exist")->required();
  command->add_option("--degrade", request->degrade,
                      "What is done to the pictures on the way in: bicubic:4, noise:25; default: none");
  command->add_option("--sigma", request->sigma,
                      "For a network that is told the level of noise: 25 of 255, or 0:50 for all between; as much is "
                      "added to the pictures");
  command
      ->add_option(
          "--targets", request->targets,
          "Classes of machines to make it for, with commas between (mantissa targets); default: this machine's")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--fp8", request->fp8,
                      "e4m3 or e5m2 (more range, fewer digits): in which of the two fp8 files are made; default: what "
                      "the target prefers");
  add_overrides(*command, request->overrides);
  command->add_option("--seed", request->seed, "Of noise and of the choice of calibration tiles")
      ->capture_default_str()
      ->check(whole_number(0));
  command
      ->add_option(
          "--repair-budget", request->repair_seconds,
          "Seconds to work on repairing each form that loses too much, of processor time on all cores; 0: none")
      ->capture_default_str()
      ->check(seconds());
  command
      ->add_option("--without", request->without,
                   "What quantization is not to do, to see what it buys: least-squares, equalization, channel-scales, "
                   "expected-noise, gptq, bias-correction, output-fit, reconstruction, protection")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->footer(
      "Example:\n  mantissa release dncnn.pth --calibrate clean/ --evaluate test/ --degrade noise:25 -o out\n"
      "Exit code 4: a variant failed the gate and was left out; the others are there.");
  command->callback([request, &global, &exit_code] { exit_code = release_command(*request, global); });
}

}  // namespace mantissa::cli
