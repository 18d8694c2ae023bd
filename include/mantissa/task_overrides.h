#pragma once

#include <optional>
#include <string>

namespace mantissa {

// What the user says about a network whose file does not tell, or tells wrongly.
struct TaskOverrides {
  // Black and white in the network's numbers, "0:255"; where they come out as others, "-1:1,0:1".
  std::optional<std::string> range;
  std::optional<std::string> colour;       // "rgb", "ycbcr" or "luminance"; must have as many channels as the network
  std::optional<std::string> output = {};  // where it has several: the name of the one that is the restored picture
  // Of an ONNX file: operators of other domains that prepare and finish pictures around the network are cut off.
  bool cut_custom = false;
};

}  // namespace mantissa
