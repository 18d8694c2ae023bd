#include "pass/lower_to_half.h"

#include <map>

#include "base/numbers.h"
#include "pass/halves.h"

namespace mantissa::pass {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::ValueId;

class Lowering {
 public:
  explicit Lowering(Graph& graph) : graph_(graph) {}

  Result<void> run() {
    const std::vector<ir::NodeId> nodes = graph_.sorted();
    const std::vector<ValueId> outputs = graph_.outputs;
    for (const ir::NodeId node : nodes) MANTISSA_TRY(lower(node));
    for (const ValueId output : outputs) keep_output_float32(output);
    for (const ir::NodeId node : graph_.sorted()) graph_.node(node).format = NumberFormat::float32;
    graph_.erase_unused();
    return {};
  }

 private:
  Result<void> lower(ir::NodeId id) {
    const NumberFormat format = graph_.node(id).format;
    for (std::size_t i = 0; i < graph_.node(id).inputs.size(); ++i) {
      const ValueId input = graph_.node(id).inputs[i];
      if (input == ir::kNoValue) continue;
      const auto held = graph_.value(input).format;
      if (!held) return internal_error("the format of the value " + graph_.value(input).name + " is not known");
      if (!is_float(*held)) continue;
      const NumberFormat wanted = is_always_float32(graph_.node(id).op, i) ? NumberFormat::float32 : format;
      if (*held != wanted) {
        MANTISSA_ASSIGN(const ValueId converted, converted_to(input, wanted));
        graph_.set_input(id, static_cast<int>(i), converted);
      }
    }
    for (const ValueId output : graph_.node(id).outputs)
      if (output != ir::kNoValue && graph_.value(output).format == NumberFormat::float32)
        graph_.value(output).format = format;
    if (graph_.node(id).op == "Cast" && graph_.node(id).domain.empty()) settle_cast(id);
    return {};
  }

  // A Cast of the network's own: it makes the format of its result, or goes where that is the format of its input.
  void settle_cast(ir::NodeId id) {
    const ValueId from = graph_.node(id).inputs[0], to = graph_.node(id).outputs[0];
    const NumberFormat held = *graph_.value(to).format;
    if (!is_float(held)) return;
    graph_.node(id).attributes.insert_or_assign("to", cast_type(held));
    if (graph_.value(from).format == held && !graph_.is_output(to)) graph_.replace_uses(to, from);
  }

  static bool is_float(NumberFormat format) {
    return format == NumberFormat::float32 || format == NumberFormat::float16 || format == NumberFormat::bfloat16;
  }

  // The value in another format: a converted constant, or a cast that all who want it share.
  Result<ValueId> converted_to(ValueId id, NumberFormat format) {
    const auto key = std::make_pair(id, format);
    if (const auto found = converted_.find(key); found != converted_.end()) return found->second;
    const std::string name = graph_.value(id).name + "_" + std::string(base::name_of(format));
    ValueId result;
    if (graph_.value(id).constant) {
      const ir::Tensor constant = *graph_.value(id).constant;
      MANTISSA_ASSIGN(const std::vector<float> reals, constant.floats());
      result = graph_.add_constant(
          name, {format, constant.shape, base::from_floats(format, reals, base::Overflow::infinity)});
    } else {
      result = graph_.add("Cast", {id}, {{"to", cast_type(format)}}, name);
      graph_.value(result).format = format;
      graph_.value(result).shape = graph_.value(id).shape;
    }
    converted_.emplace(key, result);
    return result;
  }

  void keep_output_float32(ValueId output) {
    if (graph_.value(output).format == NumberFormat::float32 || !is_float(*graph_.value(output).format)) return;
    const std::string name = graph_.value(output).name;
    const std::string half_name = name + "_" + std::string(base::name_of(*graph_.value(output).format));
    graph_.rename(output, half_name);
    const ValueId real = graph_.add("Cast", {output}, {{"to", cast_type(NumberFormat::float32)}}, name);
    graph_.rename(real, name);
    graph_.value(real).format = NumberFormat::float32;
    graph_.value(real).shape = graph_.value(output).shape;
    for (ValueId& id : graph_.outputs)
      if (id == output) id = real;
  }

  Graph& graph_;
  std::map<std::pair<ValueId, NumberFormat>, ValueId> converted_;
};

}  // namespace

bool is_always_float32(std::string_view op, std::size_t input) { return op == "Resize" && (input == 1 || input == 2); }

Result<void> lower_to_half(Graph& graph) { return Lowering(graph).run(); }

}  // namespace mantissa::pass
