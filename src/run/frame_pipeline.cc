#include "run/frame_pipeline.h"

#include <atomic>
#include <thread>

#include "base/bounded_queue.h"
#include "run/guarded.h"

namespace mantissa::run {
namespace {

// Frames in a queue between two threads: as one is worked on before and behind it, one is enough to even things out.
constexpr std::size_t kFramesAhead = 1;

Error stopped() { return {ErrorCode::interrupted, "stopped on request", {}, {}}; }

class Pipeline {
 public:
  Pipeline(const FramePipeline& steps, const std::function<bool()>& stop)
      : steps_(steps), asked_to_stop_(stop), stop_([this] { return ends_ || asked_to_stop_(); }) {}

  Result<std::int64_t> run(const std::function<bool(std::int64_t)>& written) {
    std::thread reader([this] { read_all(); });
    std::thread writer([this] { write_all(); });
    Result<void> computed = compute_all(written);
    fresh_.taker_leaves();
    done_.giver_leaves();
    writer.join();
    if (computed.ok() && !tell(written)) computed = stopped();
    ends_ = true;  // the reader may be waiting for bytes that nobody needs
    reader.join();
    // What went wrong last in the row made the others stop.
    MANTISSA_TRY(write_result_);
    MANTISSA_TRY(computed);
    MANTISSA_TRY(read_result_);
    if (asked_to_stop_()) return stopped();
    return written_.load();
  }

 private:
  void read_all() {
    for (bool more = true; more;) {
      auto frame = guarded([&] { return steps_.read(stop_); });
      if (!frame.ok()) read_result_ = std::move(frame).error();
      more = frame.ok() && frame->has_value() && fresh_.put(**std::move(frame));
    }
    fresh_.giver_leaves();
  }

  // Of what has been written since; false: it shall be the last.
  bool tell(const std::function<bool(std::int64_t)>& written) {
    while (told_ < written_)
      if (++told_; written && !written(told_)) return false;
    return true;
  }

  Result<void> compute_all(const std::function<bool(std::int64_t)>& written) {
    while (const std::optional<WorkFrame> frame = fresh_.take()) {
      auto result = guarded([&] { return steps_.compute(*frame); });
      if (!result.ok()) return std::move(result).error();
      if (!done_.put(*std::move(result))) break;
      if (!tell(written)) return stopped();
    }
    return {};
  }

  void write_all() {
    while (const std::optional<WorkFrame> frame = done_.take()) {
      write_result_ = guarded([&] { return steps_.write(*frame, asked_to_stop_); });
      if (!write_result_.ok()) break;
      ++written_;
    }
    done_.taker_leaves();
  }

  const FramePipeline& steps_;
  const std::function<bool()>& asked_to_stop_;
  std::function<bool()> stop_;
  std::atomic<bool> ends_ = false;
  std::atomic<std::int64_t> written_ = 0;
  std::int64_t told_ = 0;
  base::BoundedQueue<WorkFrame> fresh_{kFramesAhead};
  base::BoundedQueue<WorkFrame> done_{kFramesAhead};
  Result<void> read_result_;  // both are read when their threads have ended
  Result<void> write_result_;
};

}  // namespace

Result<std::int64_t> run_pipeline(const FramePipeline& pipeline, const std::function<bool()>& stop,
                                  const std::function<bool(std::int64_t)>& written) {
  return Pipeline(pipeline, stop).run(written);
}

}  // namespace mantissa::run
