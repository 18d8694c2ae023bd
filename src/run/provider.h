// Providers: engines that can execute an ONNX file here. One list; each lives in a module and is loaded when first
// used. An engine has devices: its own processor kernels, and what it or a provider library brings for other chips.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/number_format.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::run {

// A float32 tensor [batch, channels, height, width] that the caller owns.
struct TensorView {
  std::vector<std::int64_t> shape;
  float* data = nullptr;
  [[nodiscard]] std::int64_t count() const;
};

// Sees a value while a graph runs: the name that it has in the graph, and its elements. Called from the engine's
// threads, one call at a time per value, in the order of execution for one run.
using Tap =
    std::function<void(std::string_view value, std::span<const std::int64_t> shape, std::span<const float> elements)>;

struct SessionOptions {
  int threads = 0;       // 0: all cores
  bool optimize = true;  // false: the graph is executed as written, node by node; not every provider can
  // false: what a run takes is given back behind it, as where several sessions are open side by side.
  bool keep_memory = true;
  // bfloat16: what the graph has in float32 may be computed in it, where provider and processor can.
  base::NumberFormat floats = base::NumberFormat::float32;
  Tap tap;  // for graphs with mantissa.Tap nodes (pass/insert_taps.h); only for providers with `taps`
};

// What a loaded network really does, from the engine's own optimized graph.
struct Placement {
  struct Entry {
    std::string node;    // as the engine names it
    std::string op;      // "QLinearConv"
    std::string format;  // "u8", "f32"
  };
  // The network's nodes that ran on a device, as the engine names it: "CPU", "CUDAExecutionProvider".
  struct Share {
    std::string device;
    int nodes = 0;
  };
  std::vector<Entry> entries;
  std::vector<Share> devices = {};  // empty: all of them on the provider's own
};

// A network of which a branch of its own sees the whole picture, once, and hands a few numbers to the rest, which can
// then run in tiles that equal the whole (net/global_branch.h).
struct TwoParts {
  net::Task task;                     // the rest's: that of the network, with a finite receptive field
  double branch_bytes_per_pixel = 0;  // as Task::bytes_per_pixel, of the branch
};

class Session {
 public:
  virtual ~Session() = default;
  // What a network with a second input is told there, in its own numbers, from now on: one number, or a map that is
  // filled with it and has an element for every `map_step` pixels along a side. Others do not look at it.
  void set_condition(float number, int map_step = 1) { condition_ = {number, map_step}; }
  // What a network whose second input is neither of these gets there from now on: as many as that has.
  void set_seen(std::span<const float> seen) { seen_.assign(seen.begin(), seen.end()); }
  // One picture input, one picture output. `output.data` is written; its shape must be the right one (a wrong one is an
  // Error, not a crash). Thread-compatible: one call at a time.
  [[nodiscard]] virtual Result<void> run(const TensorView& input, const TensorView& output) = 0;
  // The same for a graph whose output size is not known beforehand.
  [[nodiscard]] virtual Result<std::vector<float>> run(const TensorView& input,
                                                       std::vector<std::int64_t>& output_shape) = 0;
  [[nodiscard]] virtual Result<Placement> placement() = 0;
  // Opens the two parts, the first time. nullptr: the network cannot be cut so.
  [[nodiscard]] virtual Result<const TwoParts*> two_parts() { return nullptr; }
  // What the branch makes of a whole picture, and what the rest makes of a tile of it. After two_parts() gave some.
  [[nodiscard]] virtual Result<std::vector<float>> see(const TensorView& picture);
  [[nodiscard]] virtual Result<void> run_rest(const TensorView& tile, std::span<const float> seen,
                                              const TensorView& output);

 protected:
  struct Condition {
    float number;
    int map_step;
  };
  std::optional<Condition> condition_;
  std::vector<float> seen_;
};

class Provider {
 public:
  virtual ~Provider() = default;
  [[nodiscard]] virtual std::string version() const = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx,
                                                              const SessionOptions& options) = 0;
};

struct ProviderDescriptor {
  std::string_view name;        // "onnxruntime-cpu", as --provider takes it
  std::string_view title;       // "ONNX Runtime, CPU"
  std::string_view module;      // base::load_module
  std::string_view device;      // as the engine names it: "CPU", "CUDAExecutionProvider"
  bool taps = false;            // runs mantissa.Tap and mantissa.RoundTo nodes
  std::string_view needs = {};  // what brings it, where mantissa does not: a package, with what that needs
  // What of a release suits it, where the release did not measure it: paths, the fastest to be expected first.
  std::span<const std::string_view> files = {};
  struct Option {
    std::string_view key;
    std::string_view value;
  };
  std::span<const Option> options = {};  // that the engine gets for this device
  std::string_view library = {};         // the provider library that brings it; empty: the engine itself
};

// What a module's entry function returns: an engine with its devices.
class Engine {
 public:
  virtual ~Engine() = default;
  // Loads what the device needs. Errors (unsupported): it is not here; says what is missing.
  [[nodiscard]] virtual Result<Provider*> provider(const ProviderDescriptor& descriptor) = 0;
};

// Those that mantissa brings itself: what releases are judged and measured on.
[[nodiscard]] std::span<const ProviderDescriptor> providers();
[[nodiscard]] bool is_own(std::string_view provider);
// These, those that there could be (known_providers.h), and those that provider libraries bring
// (provider_libraries.h), whether or not they can work here. Probes the libraries.
[[nodiscard]] std::vector<ProviderDescriptor> all_providers();
// Loads it. Errors (usage): no such name; (unsupported): its module, library or device is not here.
[[nodiscard]] Result<Provider*> provider(std::string_view name);

}  // namespace mantissa::run
