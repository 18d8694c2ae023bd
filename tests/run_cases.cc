#include "run_cases.h"

#include <limits>

#include "format/onnx.h"
#include "format/onnx/onnx_text.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace mantissa::cases {
namespace {

constexpr std::string_view mark = "--- ";

std::string_view code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::bad_input:
      return "bad_input";
    case ErrorCode::gate_failed:
      return "gate_failed";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::internal:
      return "internal";
    case ErrorCode::interrupted:
      return "interrupted";
  }
  return "unknown";
}

Result<ir::Graph> read_input(const Section& input) {
  if (input.title == "graph") return ir::parse(input.body);
  MANTISSA_ASSIGN(const std::string bytes, format::onnx_from_text(input.body));
  return format::read_onnx(base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end())));
}

// "pass fold_constants limit=3" is the step "fold_constants" with the options "limit=3".
Result<void> take_step(ir::Graph& graph, std::string_view title) {
  if (title.starts_with("pass ")) title.remove_prefix(5);
  const std::size_t end = std::min(title.find(' '), title.size());
  const Step step = step_named(title.substr(0, end));
  if (step == nullptr) return usage_error("no step of a case is named \"" + std::string(title.substr(0, end)) + "\"");
  return step(graph, title.substr(std::min(end + 1, title.size())));
}

Result<ir::Graph> run(const Case& written) {
  MANTISSA_ASSIGN(ir::Graph graph, read_input(written.sections.front()));
  MANTISSA_TRY(ir::verify(graph));
  for (std::size_t i = 1; i + 1 < written.sections.size(); ++i) {
    MANTISSA_TRY(take_step(graph, written.sections[i].title));
    MANTISSA_TRY(ir::verify(graph));
  }
  return graph;
}

}  // namespace

Result<Case> parse_case(std::string_view text) {
  Case written;
  std::string* body = &written.about;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (line.starts_with(mark)) {
      line.remove_prefix(mark.size());
      while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
      written.sections.push_back({std::string(line), {}});
      body = &written.sections.back().body;
    } else {
      *body += line;
    }
  }
  const auto& sections = written.sections;
  if (sections.empty() || (sections.front().title != "graph" && sections.front().title != "onnx"))
    return bad_input(R"(a case begins with a section "graph" or "onnx")");
  if (sections.back().title != "expect") return bad_input(R"(a case ends with a section "expect")");
  return written;
}

std::string print_case(const Case& written) {
  std::string text = written.about;
  for (const Section& section : written.sections) text += std::string(mark) + section.title + "\n" + section.body;
  return text;
}

std::string outcome(const Case& written) {
  const Result<ir::Graph> result = run(written);
  if (result.ok()) return ir::print(*result, {.values_up_to = std::numeric_limits<int>::max()});
  return "error " + std::string(code_name(result.error().code)) + ": " + result.error().message() + "\n";
}

}  // namespace mantissa::cases
