#pragma once

#include <optional>
#include <string>

namespace mantissa {

// What the user says about a network whose file does not tell, or tells wrongly.
struct TaskOverrides {
  std::optional<std::string> range;   // "0:255": black and white in the network's numbers
  std::optional<std::string> colour;  // "rgb", "ycbcr" or "luminance"; must have as many channels as the network
};

}  // namespace mantissa
