#include <algorithm>
#include <unordered_set>

#include "ir/text.h"
#include "ir/text_parts.h"

namespace mantissa::ir {
namespace {

using text::Token;
using text::ValueText;

// One function per rule of the grammar in text.h; none calls itself.
class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(source) {}

  Result<Graph> read() {
    MANTISSA_TRY(tokens_.expect_word("graph"));
    MANTISSA_ASSIGN(const Token next, tokens_.peek());
    if (!is_symbol(next, "{")) {
      MANTISSA_ASSIGN(Token name, tokens_.name());
      graph_.name = std::move(name.text);
    }
    MANTISSA_TRY(tokens_.expect("{"));
    for (;;) {
      MANTISSA_ASSIGN(const bool done, tokens_.accept("}"));
      if (done) break;
      MANTISSA_TRY(statement());
    }
    MANTISSA_ASSIGN(const Token rest, tokens_.take());
    if (rest.kind != Token::Kind::end) return tokens_.error(rest, "nothing may follow the graph");
    return std::move(graph_);
  }

 private:
  Result<void> statement() {
    MANTISSA_ASSIGN(const bool is_meta, tokens_.accept_word("meta"));
    if (is_meta) return metadata();
    MANTISSA_ASSIGN(const bool is_input, tokens_.accept_word("input"));
    if (is_input) return input();
    MANTISSA_ASSIGN(const bool is_constant, tokens_.accept_word("const"));
    if (is_constant) return constant();
    MANTISSA_ASSIGN(const bool is_output, tokens_.accept_word("output"));
    if (is_output) return outputs();
    return node();
  }

  Result<void> metadata() {
    MANTISSA_ASSIGN(Token key, tokens_.name());
    MANTISSA_TRY(tokens_.expect("="));
    MANTISSA_ASSIGN(std::string value, tokens_.string());
    graph_.metadata.emplace_back(std::move(key.text), std::move(value));
    return {};
  }

  Result<void> input() {
    MANTISSA_ASSIGN(const ValueId id, definition());
    graph_.inputs.push_back(id);
    return {};
  }

  Result<void> constant() {
    MANTISSA_ASSIGN(const Token start, tokens_.peek());
    MANTISSA_ASSIGN(const ValueId id, definition());
    MANTISSA_TRY(tokens_.expect("="));
    const Value& value = graph_.value(id);
    if (!value.format || !value.shape) return tokens_.error(start, "a constant needs a number format and a shape");
    Tensor tensor{*value.format, {}, {}};
    for (const Dimension& dimension : *value.shape) {
      if (dimension.size < 0) return tokens_.error(start, "the sizes of a constant must be known");
      tensor.shape.push_back(dimension.size);
    }
    MANTISSA_ASSIGN(tensor.bytes, read_data(tokens_, tensor.format));
    graph_.value(id).constant = std::move(tensor);
    return {};
  }

  Result<void> outputs() {
    for (;;) {
      MANTISSA_ASSIGN(const ValueId id, use());
      graph_.outputs.push_back(id);
      MANTISSA_ASSIGN(const bool goes_on, tokens_.accept(","));
      if (!goes_on) return {};
    }
  }

  Result<void> node() {
    Node node;
    MANTISSA_ASSIGN(const Token next, tokens_.peek());
    if (is_symbol(next, "%") || is_word(next, "_")) MANTISSA_TRY(node_outputs(node));
    MANTISSA_TRY(operator_name(node));
    MANTISSA_TRY(tokens_.expect("("));
    MANTISSA_TRY(tokens_.list(")", [&]() -> Result<void> {
      MANTISSA_ASSIGN(const bool left_out, tokens_.accept_word("_"));
      if (left_out) return node.inputs.push_back(kNoValue), Result<void>();
      MANTISSA_ASSIGN(const ValueId id, use());
      node.inputs.push_back(id);
      return {};
    }));
    MANTISSA_ASSIGN(const bool has_attributes, tokens_.accept("{"));
    if (has_attributes) MANTISSA_TRY(tokens_.list("}", [&] { return attribute(node); }));
    MANTISSA_ASSIGN(const bool has_name, tokens_.accept("@"));
    if (has_name) {
      MANTISSA_ASSIGN(Token name, tokens_.name());
      node.name = std::move(name.text);
    }
    MANTISSA_ASSIGN(const bool has_format, tokens_.accept_word("in"));
    if (has_format) {
      MANTISSA_ASSIGN(node.format, tokens_.format());
    }
    graph_.add_node(std::move(node));
    return {};
  }

  Result<void> node_outputs(Node& node) {
    for (;;) {
      MANTISSA_ASSIGN(const bool left_out, tokens_.accept_word("_"));
      ValueId id = kNoValue;
      if (!left_out) {
        MANTISSA_ASSIGN(id, definition());
      }
      node.outputs.push_back(id);
      MANTISSA_ASSIGN(const bool goes_on, tokens_.accept(","));
      if (!goes_on) return tokens_.expect("=");
    }
  }

  // Conv, mantissa::Tap (one word), "a domain"::"an operator"
  Result<void> operator_name(Node& node) {
    MANTISSA_ASSIGN(Token first, tokens_.name());
    MANTISSA_ASSIGN(const bool has_domain, tokens_.accept("::"));
    const std::size_t colons = first.kind == Token::Kind::word ? first.text.rfind("::") : std::string::npos;
    if (has_domain) {
      node.domain = std::move(first.text);
      MANTISSA_ASSIGN(Token second, tokens_.name());
      node.op = std::move(second.text);
    } else if (colons != std::string::npos) {
      node.domain = first.text.substr(0, colons);
      node.op = first.text.substr(colons + 2);
    } else {
      node.op = std::move(first.text);
    }
    return {};
  }

  Result<void> attribute(Node& node) {
    MANTISSA_ASSIGN(const Token name, tokens_.name());
    MANTISSA_TRY(tokens_.expect("="));
    MANTISSA_ASSIGN(Attribute value, read_attribute(tokens_));
    if (!node.attributes.emplace(name.text, std::move(value)).second)
      return tokens_.error(name, "the attribute " + name.text + " is given twice");
    return {};
  }

  // --- values ---
  // A value may be used before it is defined; one that is never defined is the verifier's business.
  Result<ValueId> value_named(const Token& name) {
    if (name.text.empty()) return tokens_.error(name, "a value needs a name");
    const auto known = graph_.find_value(name.text);
    return known ? *known : graph_.add_value(name.text);
  }

  Result<ValueId> use() {
    MANTISSA_TRY(tokens_.expect("%"));
    MANTISSA_ASSIGN(const Token name, tokens_.name());
    return value_named(name);
  }

  Result<ValueId> definition() {
    MANTISSA_ASSIGN(ValueText written, read_value(tokens_));
    MANTISSA_ASSIGN(const ValueId id, value_named(written.name));
    if (!defined_.insert(id).second)
      return tokens_.error(written.name, "the value %" + written.name.text + " is defined twice");
    Value& value = graph_.value(id);
    value.format = written.format;
    value.shape = std::move(written.shape);
    value.quantization = std::move(written.quantization);
    return id;
  }

  text::Tokens tokens_;
  Graph graph_;
  std::unordered_set<ValueId> defined_;
};

}  // namespace

Result<Graph> parse(std::string_view text) { return Parser(text).read(); }

}  // namespace mantissa::ir
