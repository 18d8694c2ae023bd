#include "net/task_metadata.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "net/architecture.h"

namespace mantissa::net {
namespace {

using json = nlohmann::ordered_json;  // the order of hyperparameters is the architecture's

// Reads the fields of an object; the first that is missing, of another type or out of its limits is remembered.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  int whole(const char* name, int least, int most) {
    const json* field = find(name);
    if (field && field->is_number_integer()) {
      const auto value = field->get<std::int64_t>();
      if (value >= least && value <= most) return static_cast<int>(value);
    }
    wrong(name);
    return least;
  }
  std::string text(const char* name) { return text_of(find(name), name); }
  float number(const json* field, const char* name) {
    const double value = field && field->is_number() ? field->get<double>() : std::numeric_limits<double>::infinity();
    if (std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())) return static_cast<float>(value);
    wrong(name);
    return 0;
  }
  std::string text_of(const json* field, const char* name) {
    if (field && field->is_string()) return field->get<std::string>();
    wrong(name);
    return {};
  }
  // nullptr, which is also remembered, when it is missing.
  const json* find(const char* name) {
    const auto field = object_.find(name);
    if (field != object_.end()) return &*field;
    wrong(name);
    return nullptr;
  }
  void wrong(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }
  [[nodiscard]] const std::string& first_wrong() const { return wrong_; }

 private:
  const json& object_;
  std::string wrong_;
};

Range read_range(Fields& fields, const json* range, const char* name) {
  if (!range || !range->is_array() || range->size() != 2) {
    fields.wrong(name);
    return {};
  }
  const Range read{fields.number(&(*range)[0], name), fields.number(&(*range)[1], name)};
  if (!(read.low < read.high)) fields.wrong(name);
  return read;
}

// Only networks that take one have it.
void read_condition(const json& object, Fields& fields, Task& task) {
  const auto field = object.find("condition");
  if (field == object.end()) return;
  if (!field->is_object()) return fields.wrong("condition");
  Fields inner(*field);
  Condition condition;
  condition.input = inner.text("input");
  const std::string form = inner.text("form");
  condition.is_map = form == "map";
  if (form != "map" && form != "number") inner.wrong("form");
  condition.step = inner.whole("step", 1, 64);
  condition.divisor = inner.number(inner.find("divisor"), "divisor");
  if (!(condition.divisor > 0)) inner.wrong("divisor");
  if (const json* levels = inner.find("levels"); levels && !levels->is_null()) {
    if (!levels->is_array() || levels->size() != 2) return fields.wrong("condition");
    condition.levels = Levels{inner.number(&(*levels)[0], "levels"), inner.number(&(*levels)[1], "levels")};
    if (!(condition.levels->low >= 0 && condition.levels->low <= condition.levels->high)) inner.wrong("levels");
  }
  if (!inner.first_wrong().empty()) fields.wrong("condition");
  task.condition = std::move(condition);
}

StoredTask read_fields(const json& object, Fields& fields) {
  constexpr int kMost = 1 << 20;
  StoredTask stored;
  Task& task = stored.task;
  task.kind = fields.text("kind");
  if (const auto colour = colour_named(fields.text("colour")))
    task.colour = *colour;
  else
    fields.wrong("colour");
  task.scale = fields.whole("scale", 1, 64);
  const Range range = read_range(fields, fields.find("range"), "range");
  task.range_low = range.low;
  task.range_high = range.high;
  if (const auto out = object.find("range_out"); out != object.end())
    task.range_out = read_range(fields, &*out, "range_out");
  task.size_multiple = fields.whole("size_multiple", 1, kMost);
  task.stride = fields.whole("stride", 1, kMost);
  if (const json* radius = fields.find("radius"); radius && !radius->is_null())
    task.radius = fields.whole("radius", 0, kMost);
  if (const json* assumed = fields.find("assumed"); assumed && assumed->is_array()) {
    for (const json& fact : *assumed) task.assumed.push_back(fields.text_of(&fact, "assumed"));
  } else {
    fields.wrong("assumed");
  }
  read_condition(object, fields, task);
  stored.architecture = fields.text("architecture");
  if (const json* parameters = fields.find("hyperparameters"); parameters && parameters->is_object()) {
    for (const auto& [name, value] : parameters->items()) {
      stored.hyperparameters.emplace_back(name, fields.text_of(&value, "hyperparameters"));
    }
  } else {
    fields.wrong("hyperparameters");
  }
  return stored;
}

}  // namespace

void write_task_metadata(const Network& network, ir::Graph& graph) {
  const Task& task = network.task;
  json fields;
  fields["kind"] = task.kind;
  fields["colour"] = name_of(task.colour);
  fields["scale"] = task.scale;
  fields["range"] = {task.range_low, task.range_high};
  if (task.range_out) fields["range_out"] = {task.range_out->low, task.range_out->high};
  fields["size_multiple"] = task.size_multiple;
  fields["radius"] = task.radius ? json(*task.radius) : json(nullptr);
  fields["stride"] = task.stride;
  fields["assumed"] = task.assumed;
  fields["architecture"] = network.architecture;
  fields["hyperparameters"] = json::object();
  for (const auto& [name, value] : network.hyperparameters) fields["hyperparameters"][name] = value;

  if (task.condition) {
    const Condition& condition = *task.condition;
    fields["condition"] = {{"input", condition.input},
                           {"form", condition.is_map ? "map" : "number"},
                           {"step", condition.step},
                           {"divisor", condition.divisor},
                           {"levels", nullptr}};
    if (condition.levels) fields["condition"]["levels"] = {condition.levels->low, condition.levels->high};
  }

  // Names that came from a file may hold bytes that are no UTF-8; those are replaced.
  std::string text = fields.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto old =
      std::find_if(graph.metadata.begin(), graph.metadata.end(), [](const auto& e) { return e.first == kTaskKey; });
  if (old != graph.metadata.end())
    old->second = std::move(text);
  else
    graph.metadata.emplace_back(kTaskKey, std::move(text));
}

Result<std::optional<StoredTask>> read_task_metadata(const ir::Graph& graph) {
  const auto entry =
      std::find_if(graph.metadata.begin(), graph.metadata.end(), [](const auto& e) { return e.first == kTaskKey; });
  if (entry == graph.metadata.end()) return std::optional<StoredTask>();
  const std::string key(kTaskKey);
  constexpr std::size_t kLargest = 1 << 20;  // far beyond what write_task_metadata() writes
  if (entry->second.size() > kLargest)
    return bad_input("the metadata " + key + " are larger than any that mantissa writes");
  // nlohmann-json recurses when it destroys deep values; ours are two deep.
  const json object = json::parse(
      entry->second, [](int depth, json::parse_event_t, json&) { return depth <= 4; }, false);
  if (!object.is_object()) return bad_input("the metadata " + key + " is no JSON object");
  Fields fields(object);
  StoredTask stored = read_fields(object, fields);
  if (!fields.first_wrong().empty())
    return bad_input("the metadata " + key + " has no usable \"" + fields.first_wrong() + "\"");
  return std::optional<StoredTask>(std::move(stored));
}

}  // namespace mantissa::net
