#include "release/judge.h"

#include <map>

#include "base/interrupt.h"
#include "base/progress.h"
#include "format/onnx.h"
#include "gate/gate.h"
#include "image/metrics.h"
#include "pass/emulate_rounding.h"
#include "release/engines.h"
#include "run/restore.h"

namespace mantissa::release {
namespace {

// All files are open at once, and one of them runs.
const run::SessionOptions kBesideOthers = {.keep_memory = false, .tap = {}};

// A file in front of the gate.
struct Candidate {
  Draft* draft;
  std::unique_ptr<run::Session> session;
  gate::Judge judge;
  std::string broken;  // why it could not be run
};

Result<std::unique_ptr<run::Session>> open_candidate(const Draft& draft, const std::filesystem::path& file) {
  run::SessionOptions options = kBesideOthers;
  options.floats = draft.artifact.floats;
  if (!draft.emulated) return open_file(file, draft.judge, options);
  MANTISSA_ASSIGN(ir::Graph graph, format::read_onnx(file));
  MANTISSA_TRY(pass::emulate_rounding(graph));
  options.optimize = false;
  return open_graph(graph, draft.judge, options);
}

class Gate {
 public:
  Gate(const net::Task& task, std::unique_ptr<run::Session> fp32) : task_(task), fp32_(std::move(fp32)) {}

  void add(Draft& draft, const std::filesystem::path& folder) {
    auto session = open_candidate(draft, folder / draft.artifact.path);
    Candidate candidate{&draft, nullptr, gate::Judge(draft.artifact.variant, task_.scale), {}};
    if (session.ok())
      candidate.session = *std::move(session);
    else
      candidate.broken = session.error().message();
    candidates_.push_back(std::move(candidate));
  }

  Result<void> show(const Sample& sample) {
    return show(sample.input, sample.level,
                [&](gate::Judge& judge, const image::Picture& fp32, const image::Picture& variant) {
                  judge.add(fp32, variant, sample.truth ? &*sample.truth : nullptr);
                });
  }

  Result<void> show_flat(bool white) {
    return show(flat_picture(task_, white ? 1.0F : 0.0F), middle_level(task_),
                [&](gate::Judge& judge, const image::Picture& fp32, const image::Picture& variant) {
                  judge.add_flat(middle_of_flat(fp32, task_), middle_of_flat(variant, task_), white);
                });
  }

  void pronounce() {
    for (Candidate& candidate : candidates_) {
      format::Verdict verdict =
          candidate.judge.verdict(candidate.draft->emulated ? "emulated" : "executed", candidate.draft->judge);
      if (!candidate.broken.empty()) {
        verdict.passed = false;
        verdict.failures = {candidate.broken};
      }
      candidate.draft->artifact.verdict = std::move(verdict);
    }
  }

 private:
  template <class Add>
  Result<void> show(const image::Picture& input, std::optional<float> level, const Add& add) {
    set_level(*fp32_, task_, level);
    MANTISSA_ASSIGN(const image::Picture reference, run::restore(*fp32_, task_, input));
    for (Candidate& candidate : candidates_) {
      MANTISSA_TRY(base::check_interrupt());
      if (!candidate.broken.empty()) continue;
      set_level(*candidate.session, task_, level);
      auto result = run::restore(*candidate.session, task_, input);
      if (result.ok())
        add(candidate.judge, reference, *result);
      else
        candidate.broken = result.error().message();
    }
    return {};
  }

  const net::Task& task_;
  std::unique_ptr<run::Session> fp32_;
  std::vector<Candidate> candidates_;
};

}  // namespace

Result<std::optional<double>> psnr_of_fp32(const net::Network& network, const PictureSet& pictures) {
  if (!pictures.has_truth()) return std::optional<double>{};
  constexpr std::size_t kMost = 5;
  const std::size_t step = (pictures.size() + kMost - 1) / kMost;
  MANTISSA_ASSIGN(const auto session, open_graph(network.graph, kReference));
  double total = 0;
  int count = 0;
  for (std::size_t i = 0; i < pictures.size(); i += step, ++count) {
    MANTISSA_ASSIGN(const Sample sample, pictures.load(i));
    set_level(*session, network.task, sample.level);
    MANTISSA_ASSIGN(image::Picture restored, run::restore(*session, network.task, sample.input));
    image::round_to_8_bits(restored);
    total += image::psnr(restored, *sample.truth, network.task.scale);
  }
  return std::optional<double>(total / count);
}

Result<void> judge(std::vector<Draft>& drafts, const std::filesystem::path& folder, const net::Task& task,
                   const PictureSet& pictures) {
  MANTISSA_ASSIGN(auto fp32, open_file(folder / "fp32/model.onnx", kReference, kBesideOthers));
  Gate gate(task, std::move(fp32));
  for (Draft& draft : drafts)
    if (!draft.judge.empty()) gate.add(draft, folder);

  base::Progress progress("Judging", static_cast<std::int64_t>(pictures.size()), "pictures");
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    MANTISSA_ASSIGN(const Sample sample, pictures.load(i));
    MANTISSA_TRY(gate.show(sample).in(sample.name));
    progress.advance();
  }
  MANTISSA_TRY(gate.show_flat(false));
  MANTISSA_TRY(gate.show_flat(true));
  gate.pronounce();
  return {};
}

}  // namespace mantissa::release
