// A file of the release in the making.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "format/manifest.h"
#include "ir/graph.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "plan/plan.h"
#include "quant/measure_layers.h"
#include "target/target.h"

namespace mantissa::release {

struct Draft {
  format::Artifact artifact;
  std::string judge;      // the provider that executes it for the gate; empty: nothing to judge
  bool emulated = false;  // by emulation, since no engine here computes in its format
  // Of a form of eight bits: what it was made from, and what repair measured of its layers, if it had to.
  const target::FileToMake* eight_bits = nullptr;
  quant::MeasuredLayers layers = {};
};

[[nodiscard]] Draft draft_of(std::string variant, std::string path);
[[nodiscard]] Draft draft_of(const target::FileToMake& file);

// The plan as the manifest has it.
[[nodiscard]] std::vector<format::Decision> decisions_of(const ir::Graph& graph, const plan::Plan& plan);

// With what the network is told about its pictures. Errors: those of format::write_onnx.
[[nodiscard]] Result<void> write_graph(const net::Network& network, ir::Graph graph, const std::filesystem::path& path);

}  // namespace mantissa::release
