#include "format/onnx/opset.h"

#include <algorithm>
#include <array>

#include "format/onnx/library_errors.h"
#include "onnx/defs/schema.h"

namespace mantissa::format {
namespace {

constexpr int newest_examined = 28;

const onnx::OpSchema* schema_of(const std::string& op, int opset) { return onnx::OpSchemaRegistry::Schema(op, opset); }

bool same_default(const onnx::AttributeProto& left, const onnx::AttributeProto& right) {
  return left.SerializeAsString() == right.SerializeAsString();
}

bool is_prefix(const std::vector<onnx::OpSchema::FormalParameter>& old_ones,
               const std::vector<onnx::OpSchema::FormalParameter>& new_ones) {
  if (old_ones.size() > new_ones.size()) return false;
  for (std::size_t i = 0; i < new_ones.size(); ++i) {
    if (i >= old_ones.size()) {
      if (new_ones[i].GetOption() == onnx::OpSchema::Single) return false;
    } else if (old_ones[i].GetName() != new_ones[i].GetName()) {
      return false;
    }
  }
  return true;
}

std::string in_opset(const std::string& op, int opset) { return op + " of opset " + std::to_string(opset); }

// Control flow and what works on sequences have no place in the IR, whatever their schema says.
bool is_control_flow(std::string_view op) {
  constexpr std::array<std::string_view, 4> ops = {"If", "Loop", "Scan", "SequenceMap"};
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

}  // namespace

int newest_opset() {
  const auto& released = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().LastReleaseVersionMap();
  return std::min(newest_examined, released.at(""));
}

bool only_adds(const std::string& op, int since) {
  const auto* before = schema_of(op, since - 1);
  const auto* after = schema_of(op, since);
  if (before == nullptr || after == nullptr || after->Deprecated()) return false;
  if (!is_prefix(before->inputs(), after->inputs()) || !is_prefix(before->outputs(), after->outputs())) return false;
  for (const auto& [name, old_one] : before->attributes()) {
    const auto found = after->attributes().find(name);
    if (found == after->attributes().end() || found->second.type != old_one.type ||
        !same_default(found->second.default_value, old_one.default_value))
      return false;
  }
  return std::all_of(after->attributes().begin(), after->attributes().end(), [&](const auto& entry) {
    return !entry.second.required || before->attributes().contains(entry.first);
  });
}

std::vector<std::string> refused_changes() {
  std::vector<std::string> refused;
  for (const onnx::OpSchema& schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    const int since = schema.since_version();
    if (!schema.domain().empty() || since <= oldest_opset || since > ir::kOpset) continue;
    const std::string& op = schema.Name();
    const bool is_new = schema_of(op, since - 1) == nullptr;
    const bool has_rule = opset_rule(op, since) != nullptr || opset_rule(op, any_opset) != nullptr;
    if (!is_new && !is_control_flow(op) && !has_rule && !only_adds(op, since))
      refused.push_back(op + " " + std::to_string(since));
  }
  std::sort(refused.begin(), refused.end());
  return refused;
}

Result<void> OpsetMapping::check(onnx::NodeProto& node) const {
  const std::string& op = node.op_type();
  if (is_control_flow(op))
    return unsupported("control flow (" + op + ") cannot be read", "Export the network without it");
  const auto* schema = schema_of(op, opset_);
  if (schema == nullptr) return unsupported("ONNX has no operator " + in_opset(op, opset_));
  if (schema->Deprecated()) return unsupported("ONNX withdrew " + in_opset(op, schema->since_version()));
  MANTISSA_TRY(guarded([&] { schema->Verify(node); }));
  if (opset_ <= ir::kOpset || schema->since_version() <= ir::kOpset) return {};

  const auto* target = schema_of(op, ir::kOpset);
  if (target == nullptr)
    return unsupported(in_opset(op, schema->since_version()) + " is newer than opset " + std::to_string(ir::kOpset),
                       "Export the network with opset " + std::to_string(ir::kOpset));
  if (node.input_size() > target->max_input() || node.output_size() > target->max_output())
    return unsupported("it has inputs or outputs that opset " + std::to_string(ir::kOpset) + " does not know");
  auto& attributes = *node.mutable_attribute();
  for (int i = attributes.size() - 1; i >= 0; --i) {
    if (target->attributes().contains(attributes[i].name())) continue;
    const auto added = schema->attributes().find(attributes[i].name());
    if (added == schema->attributes().end()) continue;  // an internal one, which Verify lets through
    const auto& standard = added->second.default_value;
    if (standard.i() != attributes[i].i() || standard.s() != attributes[i].s())
      return unsupported("its attribute " + attributes[i].name() + " is newer than opset " +
                         std::to_string(ir::kOpset));
    attributes.DeleteSubrange(i, 1);
  }
  return {};
}

const std::vector<int>& OpsetMapping::changes(const std::string& op) {
  const auto [entry, is_new] = changes_.try_emplace(op);
  if (is_new) {
    for (int since = opset_ + 1; since <= ir::kOpset; ++since) {
      const auto* schema = schema_of(op, since);
      if (schema != nullptr && schema->since_version() == since) entry->second.push_back(since);
    }
  }
  return entry->second;
}

Result<void> OpsetMapping::apply(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  if (const OpsetRule rule = opset_rule(node.op, any_opset)) MANTISSA_TRY(rule(mapping));
  int reached = opset_;
  for (;;) {
    // Looked up anew each time: a rule may rename the operator (Upsample becomes Resize),
    // which then goes on with its own changes.
    const std::vector<int>& all = changes(node.op);
    const auto next = std::upper_bound(all.begin(), all.end(), reached);
    if (next == all.end()) return {};
    reached = *next;
    if (const OpsetRule rule = opset_rule(node.op, reached)) {
      MANTISSA_TRY(rule(mapping));
    } else if (!only_adds(node.op, reached)) {
      return unsupported("the change of " + in_opset(node.op, opset_) + " in opset " + std::to_string(reached) +
                             " is not one that mantissa can map",
                         "Export the network with opset " + std::to_string(ir::kOpset));
    }
  }
}

}  // namespace mantissa::format
