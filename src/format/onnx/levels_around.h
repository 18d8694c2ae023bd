// What black and white are in a network's numbers, as the operators around it say that turn bytes into them and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/onnx.h"
#include "format/onnx/proto.h"

namespace mantissa::format {

class LevelsAround {
 public:
  // The graph's nodes must be sorted, and its constants be initializers.
  explicit LevelsAround(const onnx::GraphProto& graph);

  // The numbers of levels 0 and 255 at `value`; nullopt where what leads to it is no plain arithmetic on levels.
  // Errors (unsupported): other arithmetic for each channel; with three `channels`, a picture that reaches it as
  // DecodeImage gives it, with blue first.
  [[nodiscard]] Result<std::optional<CutOff::Levels>> in_front_of(const std::string& value,
                                                                  std::int64_t channels) const;
  // The numbers at `value` that become levels 0 and 255, by nodes that are not `kept`. Errors: as above.
  [[nodiscard]] Result<std::optional<CutOff::Levels>> behind(const std::string& value,
                                                             const std::vector<bool>& kept) const;

 private:
  // number = scale * level + offset
  struct Line {
    double scale = 1;
    double offset = 0;
  };
  [[nodiscard]] const onnx::NodeProto* producer(const std::string& value) const;
  // The number that an arithmetic node has beside its picture. Errors: other numbers for each channel.
  [[nodiscard]] Result<std::optional<double>> number_in(const onnx::NodeProto& node) const;
  [[nodiscard]] bool clips_to_levels(const onnx::NodeProto& node) const;
  [[nodiscard]] bool turns_round(const onnx::NodeProto& node) const;

  const onnx::GraphProto& graph_;
  std::unordered_map<std::string, const onnx::NodeProto*> producers_;
  std::unordered_map<std::string, const onnx::TensorProto*> constants_;
};

}  // namespace mantissa::format
