// docs/networks.md: every architecture, and how near it comes to what its authors' code gives. Written by
//
//   conformance_test --gtest_filter='Networks.*' --update
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "base/files.h"
#include "goldens.h"
#include "net/architecture.h"
#include "run_cases.h"

namespace mantissa {
namespace {

constexpr const char* kPath = "docs/networks.md";
constexpr std::string_view kIntroduction = R"(# Networks

The architectures that are recognised from the keys and shapes of a PyTorch checkpoint; any other network comes in as ONNX, or as a frozen TensorFlow graph (`.pb`). Written by
[networks_table_test.cc](../tests/networks_table_test.cc), which compares each with the outputs of its authors' code at two sizes of picture, an even and an odd one.

The error is the largest difference of any output pixel as a fraction of the range of the outputs, on ONNX Runtime's CPU provider, rounded up to 1, 2 or 5; what follows
is allowed, four times what float32 costs the authors' own code. "-": no checkpoint is at hand, and the architecture is checked with random weights only.

| architecture | picture | receptive field | checkpoint: largest error, allowed |
|---|---|---|---|
)";

// 1, 2 or 5 times a power of ten, not below the value.
std::string rounded_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-12))));
  double digit = 10;
  for (const double each : {5.0, 2.0, 1.0}) {
    if (value <= each * power) digit = each;
  }
  std::ostringstream text;
  text << digit * power;
  return text.str();
}

std::string picture_text(const net::Network& network) {
  const net::Task& task = network.task;
  std::ostringstream text;
  text << task.kind << ", " << net::name_of(task.colour) << " " << task.range_low << ".." << task.range_high;
  if (task.range_out) text << " in, " << task.range_out->low << ".." << task.range_out->high << " out";
  if (task.size_multiple > 1) text << ", sides a multiple of " << task.size_multiple;
  if (task.condition) text << ", is told the level of noise";
  return text.str();
}

struct Row {
  std::string picture = "-";
  std::string radius = "-";
  std::string checkpoints;
};

// The rows below the introduction, in the order of the registry, and then what is hard about them.
std::string table() {
  std::map<std::string, Row> rows;
  for (const test::Golden& golden : test::goldens()) {
    auto network = test::network_of(golden);
    EXPECT_TRUE(network.ok()) << network.error().message();
    if (!network) continue;
    Row& row = rows[golden.architecture];
    row.picture = picture_text(*network);
    row.radius = network->task.radius ? std::to_string(*network->task.radius) : "whole picture";
    const std::string file = golden.checkpoint;
    row.checkpoints += (row.checkpoints.empty() ? "" : "; ") + file.substr(file.rfind('/') + 1) + ": " +
                       rounded_up(test::largest_error(golden, *network)) + ", " + rounded_up(golden.tolerance);
  }
  std::string text;
  std::string hazards = "\n## What is hard about them\n\n";
  for (const net::Architecture& each : net::architectures()) {
    const Row row = rows[std::string(each.name)];
    text += "| " + std::string(each.name) + " | " + row.picture + " | " + row.radius + " | " +
            (row.checkpoints.empty() ? "-" : row.checkpoints) + " |\n";
    if (!each.hazards.empty()) hazards += "- " + std::string(each.name) + ": " + std::string(each.hazards) + ".\n";
  }
  std::string papers = "\n## Papers\n\n";
  for (const net::Architecture& each : net::architectures())
    papers += "- " + std::string(each.name) + ": " + std::string(each.paper) + ".\n";
  return text + hazards + papers;
}

// Errors differ a little from processor to processor: only their order of magnitude is compared.
std::string without_errors(const std::string& text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t number = text.find(": ", at);
    const std::size_t comma = number == std::string::npos ? number : text.find(',', number);
    const std::string between = comma == std::string::npos ? "" : text.substr(number + 2, comma - number - 2);
    const bool is_error = !between.empty() && between.find("e-") != std::string::npos && between.size() <= 5;
    const std::size_t end = is_error ? comma : std::min(text.size(), number == std::string::npos ? number : number + 2);
    kept += is_error ? text.substr(at, number - at) : text.substr(at, end - at);
    at = end;
  }
  return kept;
}

TEST(Networks, TableIsUpToDate) {
  MANTISSA_NEED(test::shared_folder());
  MANTISSA_NEED_PROVIDER();
  const std::string expected = std::string(kIntroduction) + table();
  if (cases::update) {
    const auto written = base::write_text(kPath, expected);
    ASSERT_TRUE(written.ok()) << written.error().message();
    return;
  }
  const auto text = base::read_text(kPath);
  ASSERT_TRUE(text.ok()) << text.error().message();
  EXPECT_EQ(without_errors(*text), without_errors(expected)) << kPath << " (run with --update to rewrite it)";
}

// Without the shared material, that no architecture is missing from it.
TEST(Networks, TableNamesEveryArchitecture) {
  const auto text = base::read_text(kPath);
  ASSERT_TRUE(text.ok()) << text.error().message();
  for (const net::Architecture& each : net::architectures()) {
    EXPECT_NE(text->find("\n| " + std::string(each.name) + " | "), std::string::npos) << each.name;
  }
}

}  // namespace
}  // namespace mantissa
