// Running graphs and files on providers, for the steps of a release.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "quant/execute.h"
#include "run/provider.h"

namespace mantissa::release {

// The provider that shows values and emulates formats.
inline constexpr std::string_view kReference = "onnxruntime-cpu";

[[nodiscard]] Result<std::unique_ptr<run::Session>> open_graph(const ir::Graph& graph, std::string_view provider,
                                                               const run::SessionOptions& options = {});
[[nodiscard]] Result<std::unique_ptr<run::Session>> open_file(const std::filesystem::path& onnx,
                                                              std::string_view provider,
                                                              const run::SessionOptions& options = {});

// How quantization executes graphs: on that provider.
[[nodiscard]] quant::Execute execute_on(std::string_view provider, run::SessionOptions options = {});

// Tells a network that wants to know it the level of noise, in 8-bit levels; does nothing for others.
void set_level(run::Session& session, const net::Task& task, std::optional<float> level);
// The middle of the levels that are stated for it, at which flat pictures are judged; nullopt for other networks.
[[nodiscard]] std::optional<float> middle_level(const net::Task& task);

// Microseconds per input pixel of one tile, the median of several runs after a first that does not count.
[[nodiscard]] Result<double> measure_speed(run::Session& session, const net::Task& task);

}  // namespace mantissa::release
