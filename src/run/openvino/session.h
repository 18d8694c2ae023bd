// One network loaded into OpenVINO on one of its devices, compiled for each size of picture that it meets.
#pragma once

#include <list>
#include <openvino/openvino.hpp>

#include "run/provider.h"

namespace mantissa::run::openvino {

inline constexpr std::string_view kCpu = "CPU";

class OpenVinoSession : public Session {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx,
                                                             const SessionOptions& options, const std::string& device);

  [[nodiscard]] Result<void> run(const TensorView& input, const TensorView& output) override;
  [[nodiscard]] Result<std::vector<float>> run(const TensorView& input,
                                               std::vector<std::int64_t>& output_shape) override;
  [[nodiscard]] Result<Placement> placement() override;

 private:
  // The network for one shape: with all sizes known the engine plans memory and kernels best, and compiling takes about
  // 0.1 s.
  struct Compiled {
    std::vector<std::int64_t> shape;
    ov::CompiledModel model;
    ov::InferRequest request;
  };

  OpenVinoSession(std::shared_ptr<ov::Model> model, SessionOptions options, std::string device);
  [[nodiscard]] ov::AnyMap settings() const;
  [[nodiscard]] ov::CompiledModel compile(const std::shared_ptr<ov::Model>& model) const;
  [[nodiscard]] Compiled& compiled_for(const std::vector<std::int64_t>& shape);
  [[nodiscard]] Result<void> check_condition() const;
  // The picture, and the condition where the network takes one; the engine looks at both when it runs.
  void set_inputs(ov::InferRequest& request, const TensorView& picture);
  [[nodiscard]] std::vector<std::int64_t> condition_shape_for(const std::vector<std::int64_t>& picture) const;

  std::shared_ptr<ov::Model> model_;
  SessionOptions options_;
  std::string device_;
  std::list<Compiled> compiled_;  // the one used last comes first
  std::vector<float> condition_values_;
};

}  // namespace mantissa::run::openvino
