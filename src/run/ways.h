// What can be run of a release or a network file, and on what: every file with every provider that may run it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/manifest.h"
#include "mantissa/result.h"
#include "mantissa/runner.h"
#include "net/network.h"
#include "run/provider.h"

namespace mantissa::run {

// A file on a provider.
struct Way {
  std::string path;  // within the release; empty: the network file itself
  std::string variant;
  std::string provider;
  std::optional<double> hint;  // microseconds per input pixel, measured when the release was made
};
[[nodiscard]] bool operator==(const Way& a, const Way& b);  // the same file on the same provider
[[nodiscard]] std::string name_of(const Way& way);          // "int8/openvino.onnx on openvino-cpu"

// A release, or a network file, that was read as far as opening it on any provider needs.
class Runnable {
 public:
  // Errors: (bad_input) a damaged release or network; (usage) options that it does not take; those of
  // provider() for one that is asked for by name. The level of noise is not looked at.
  [[nodiscard]] static Result<Runnable> read(const RunnerRequest& request);

  [[nodiscard]] const net::Task& task() const { return task_; }
  [[nodiscard]] bool is_release() const { return manifest_.has_value(); }
  // Those that the request allows, in the order in which to try them: of a release those that were measured when it was
  // made, fastest first; of a network file each provider that mantissa brings. A variant that failed the gate, or is
  // not right for this processor, is none of them. With `every`, or where the request names a provider that was not
  // measured, also what the table of providers says that suits, if it is here.
  [[nodiscard]] std::vector<Way> ways(const RunnerRequest& request, bool every) const;
  // Opens it; a network that sees the whole picture so that it can run in two parts, too. Errors: (bad_input) a file whose hash differs from the manifest; those of the provider.
  [[nodiscard]] Result<std::unique_ptr<Session>> open(const Way& way, int threads) const;
  // fp32 on the first provider of ours that can run it: what others are compared with.
  [[nodiscard]] Result<std::unique_ptr<Session>> open_reference(int threads) const;
  // The PSNR against fp32, in dB, that the gate asks of the worst picture of this variant. Of fp32 itself 60: in float32
  // it reaches 80 and more, and 55 where a provider computes it in bfloat16 without a word.
  [[nodiscard]] double least_psnr(const Way& way) const;
  // Of the multiply-accumulates, those that the engine that judged it ran in integers; 0 for floats.
  [[nodiscard]] double int8_share(const Way& way) const;
  [[nodiscard]] base::NumberFormat floats(const Way& way) const;
  [[nodiscard]] std::vector<TileError> tile_errors() const;

  [[nodiscard]] const std::string& identity() const { return identity_; }  // a hash of what it is
  [[nodiscard]] const std::string& machine() const { return machine_; }    // that the hints come from; empty: none
  // Multiply-accumulates per input pixel; of a release, reads its fp32 file.
  [[nodiscard]] Result<double> macs_per_pixel() const;
  // Why none of ways() can be had.
  [[nodiscard]] Error nothing_to_run(const RunnerRequest& request) const;

 private:
  [[nodiscard]] const format::Artifact* artifact(const Way& way) const;
  [[nodiscard]] Result<std::unique_ptr<Session>> in_two_parts(std::unique_ptr<Session> whole, Provider* engine,
                                                              SessionOptions options,
                                                              std::function<Result<base::Bytes>()> read) const;
  [[nodiscard]] Result<void> read_release(const RunnerRequest& request);
  [[nodiscard]] Result<void> read_network(const RunnerRequest& request);
  void add_suitable(std::string_view provider, const RunnerRequest& request, std::vector<Way>& ways) const;

  std::filesystem::path model_;
  net::Task task_;
  std::string identity_;
  std::string machine_;
  std::optional<format::Manifest> manifest_;  // of a release
  base::Bytes onnx_;                          // of a network file
  std::string variant_;                       // what that holds
  double macs_per_pixel_ = 0;                 // and costs
};

}  // namespace mantissa::run
