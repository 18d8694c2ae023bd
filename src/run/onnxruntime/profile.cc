#include "run/onnxruntime/profile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"

namespace mantissa::run::onnxruntime {

namespace {

using Json = nlohmann::json;

// {"input_type_shape": [{"float": [1, 3, 64, 64]}, ...]}, by the names of C++ types.
std::string format_of(const Json& arguments) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"float", "f32"}, {"float16", "f16"}, {"bfloat16", "bf16"}, {"uint8", "u8"},
      {"int8", "s8"},   {"int32", "s32"},   {"int64", "s64"},     {"bool", "bool"}};
  const auto inputs = arguments.find("input_type_shape");
  if (inputs == arguments.end() || !inputs->is_array() || inputs->empty() || !inputs->front().is_object() ||
      inputs->front().empty())
    return "unknown";
  const std::string& type = inputs->front().begin().key();
  for (const auto& [theirs, ours] : kNames)
    if (type == theirs) return std::string(ours);
  return "unknown";
}

}  // namespace

Result<Placement> read_profile(const std::filesystem::path& path, std::string_view device, int nodes) {
  MANTISSA_ASSIGN(const std::string text, base::read_text(path));
  const Json events = Json::parse(text, nullptr, false);
  if (!events.is_array()) return bad_input("ONNX Runtime's profile is no list of events");
  Placement placement;
  int on_cpu = 0;
  for (const Json& event : events) {
    const std::string name = event.value("name", "");
    if (event.value("cat", "") != "Node" || !name.ends_with("_kernel_time") || !event.contains("args")) continue;
    const Json& arguments = event["args"];
    placement.entries.push_back(
        {name.substr(0, name.rfind("_kernel_time")), arguments.value("op_name", ""), format_of(arguments)});
    on_cpu += arguments.value("provider", "") == "CPUExecutionProvider";
  }
  on_cpu = std::min(on_cpu, nodes);
  if (nodes > on_cpu) placement.devices.push_back({std::string(device), nodes - on_cpu});
  if (on_cpu > 0) placement.devices.push_back({"CPU", on_cpu});
  return placement;
}

}  // namespace mantissa::run::onnxruntime
