#include "run/two_part_session.h"

#include "base/progress.h"
#include "format/onnx.h"
#include "net/global_branch.h"

namespace mantissa::run {

Result<void> TwoPartSession::run(const TensorView& input, const TensorView& output) {
  return whole_->run(input, output);
}

Result<std::vector<float>> TwoPartSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return whole_->run(input, output_shape);
}

Result<Placement> TwoPartSession::placement() { return whole_->placement(); }

Result<void> TwoPartSession::cut() {
  MANTISSA_ASSIGN(const ir::Graph graph, read_again_());
  const auto split = net::split_global_branch(graph);
  if (!split) return {};
  MANTISSA_ASSIGN(const std::string branch, format::onnx_bytes(split->branch));
  MANTISSA_ASSIGN(const std::string rest, format::onnx_bytes(split->rest));
  MANTISSA_ASSIGN(branch_, open_(std::as_bytes(std::span(branch))));
  MANTISSA_ASSIGN(rest_, open_(std::as_bytes(std::span(rest))));
  numbers_ = split->numbers;
  parts_ = TwoParts{task_, split->branch_bytes_per_pixel};
  parts_->task.radius = split->geometry.radius;
  parts_->task.stride = split->geometry.stride;
  parts_->task.bytes_per_pixel = split->geometry.bytes_per_pixel;
  return {};
}

Result<const TwoParts*> TwoPartSession::two_parts() {
  if (!was_cut_) {
    const auto done = cut();
    if (!done.ok() && done.error().code == ErrorCode::bad_input) return done.error();  // the file was changed
    if (!done.ok()) base::detail("the network is not run in two parts: " + done.error().message());
    was_cut_ = true;
  }
  return parts_ ? &*parts_ : nullptr;
}

Result<std::vector<float>> TwoPartSession::see(const TensorView& picture) {
  std::vector<std::int64_t> shape;
  MANTISSA_ASSIGN(std::vector<float> seen, branch_->run(picture, shape));
  if (static_cast<std::int64_t>(seen.size()) != numbers_)
    return internal_error("the branch gives " + std::to_string(seen.size()) + " numbers in place of " +
                          std::to_string(numbers_));
  return seen;
}

Result<void> TwoPartSession::run_rest(const TensorView& tile, std::span<const float> seen, const TensorView& output) {
  rest_->set_seen(seen);
  return rest_->run(tile, output);
}

}  // namespace mantissa::run
