#include "run/openvino/engine.h"

#include <algorithm>
#include <openvino/core/log.hpp>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace mantissa::run::openvino {

namespace {

constexpr std::string_view kNoRule = "No conversion rule found for operations: ";

// The engine's messages are several lines: places in its sources, headings, and somewhere what went wrong.
std::string_view first_telling_line(std::string_view message) {
  std::string_view last;
  while (!message.empty()) {
    const std::string_view line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(message.size(), line.size() + 1));
    if (line.empty()) continue;
    last = line;
    if (!line.starts_with("Exception from ") && !line.starts_with("Check '") && line.back() != ':') return line;
  }
  return last;
}

}  // namespace

ov::Core& core() {
  // Never destroyed: the engine's own static objects may go before ours.
  static ov::Core* const only = [] {
    ov::util::set_log_callback([](std::string_view message) { base::detail("OpenVINO: " + std::string(message)); });
    return new ov::Core;
  }();
  return *only;
}

Error to_error(const std::exception& exception) {
  std::string_view message = exception.what();
  if (const auto position = message.find(kNoRule); position != std::string_view::npos) {
    message = message.substr(position + kNoRule.size());
    return unsupported("OpenVINO has no operator " + std::string(message.substr(0, message.find('\n'))),
                       "Another provider may have it");
  }
  message = first_telling_line(message);
  while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.remove_suffix(1);
  return bad_input("OpenVINO says: " + std::string(message));
}

}  // namespace mantissa::run::openvino
