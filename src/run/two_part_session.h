// A session of a network that sees the whole picture through a few numbers: whole, as it stands, and on demand in two
// parts, of which the second runs in tiles that equal the whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "run/provider.h"

namespace mantissa::run {

class TwoPartSession : public Session {
 public:
  // Opens a network from the bytes of its ONNX file where the whole was opened.
  using Open = std::function<Result<std::unique_ptr<Session>>(std::span<const std::byte> onnx)>;
  // The file that the whole was opened from, read again: it is cut as it was written, in its own formats.
  using ReadAgain = std::function<Result<ir::Graph>()>;

  TwoPartSession(std::unique_ptr<Session> whole, net::Task task, ReadAgain read_again, Open open)
      : whole_(std::move(whole)), task_(std::move(task)), read_again_(std::move(read_again)), open_(std::move(open)) {}

  [[nodiscard]] Result<void> run(const TensorView& input, const TensorView& output) override;
  [[nodiscard]] Result<std::vector<float>> run(const TensorView& input,
                                               std::vector<std::int64_t>& output_shape) override;
  [[nodiscard]] Result<Placement> placement() override;
  [[nodiscard]] Result<const TwoParts*> two_parts() override;
  [[nodiscard]] Result<std::vector<float>> see(const TensorView& picture) override;
  [[nodiscard]] Result<void> run_rest(const TensorView& tile, std::span<const float> seen,
                                      const TensorView& output) override;

 private:
  [[nodiscard]] Result<void> cut();

  std::unique_ptr<Session> whole_;
  net::Task task_;
  ReadAgain read_again_;
  Open open_;
  bool was_cut_ = false;  // or tried to
  std::optional<TwoParts> parts_;
  std::int64_t numbers_ = 0;
  std::unique_ptr<Session> branch_;
  std::unique_ptr<Session> rest_;
};

}  // namespace mantissa::run
