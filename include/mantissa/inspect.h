// What is in a network file, and the classes of machines that a release can be made for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"
#include "mantissa/tile_error.h"

namespace mantissa {

// What a network is told beside the picture: how strong the noise is.
struct InspectedCondition {
  std::string input;                                // its name in the graph
  bool is_map = false;                              // one number otherwise
  int step = 1;                                     // input pixels for each element of a map, along a side
  double divisor = 255;                             // of 8-bit levels: the network's number is level / divisor
  std::optional<std::pair<double, double>> levels;  // what the release that the file comes from was made for
};

// A network that sees the whole picture through a few numbers, which a branch of its own makes: once they are known, its
// tiles equal the whole.
struct InspectedBranch {
  std::int64_t numbers = 0;
  double share = 0;  // of the multiply-accumulates
  int radius = 0;    // receptive field of the rest
};

// What is hard for a narrow format, and why; told from the graph and its weights, before a picture was seen.
struct InspectedHazard {
  std::string name;                   // stable: "attention"
  std::vector<std::string> variants;  // that it is hard for: "fp16", "int8"
  std::string reason;
  int nodes = 0;      // that are so
  std::string first;  // of them: "Softmax /layers.0/attn/Softmax (output ...)"
};

struct Inspection {
  std::string architecture;  // empty when no known one
  std::vector<std::pair<std::string, std::string>> hyperparameters;
  std::string kind;    // "super-resolution"
  std::string colour;  // "rgb"
  int scale = 1;
  double range_low = 0;
  double range_high = 1;
  std::optional<std::pair<double, double>> range_out;  // black and white where they come out as other numbers
  int size_multiple = 1;
  std::optional<int> radius;   // receptive field in input pixels to each side; nullopt: the whole picture
  std::string global_because;  // which operator needs the whole picture, and how; empty where `radius` is set
  std::optional<InspectedBranch> branch;
  std::optional<InspectedCondition> condition;
  std::vector<std::string> assumed;
  std::string known_hazards;  // what its architecture is known to make hard for narrow formats or tiles; may be empty
  std::vector<InspectedHazard> hazards;
  std::int64_t parameters = 0;
  double macs_per_pixel = 0;                           // multiply-accumulates per input pixel
  double bytes_per_pixel = 0;                          // its values take at once in float32; 0: not known
  int tile = 0;                                        // input pixels along a side
  double tile_bytes = 0;                               // what a run takes for it, estimated; 0: not known
  std::vector<std::pair<std::string, int>> operators;  // most frequent first
  // Nodes and their shares of the multiply-accumulates, at most five.
  std::vector<std::pair<std::string, double>> most_expensive;
  std::string text;  // the graph in the IR's text form
  // Of a release: its files, and what tiles that are faded into each other lose.
  std::vector<std::string> files;
  std::vector<TileError> tile_errors;
};
// Of a network file, or of a release: its fp32 network.
// `tile`: the side of the tile whose memory is told, rounded up to the network's size multiple; 0: what `run` takes
// unless told otherwise. Errors: (bad_input) a file that cannot be read or is damaged; (unsupported) one of a known kind
// that cannot be read, or a network that takes or gives no picture; (usage) overrides that do not fit.
[[nodiscard]] Result<Inspection> inspect(const std::filesystem::path& file, const TaskOverrides& overrides = {},
                                         int tile = 0);

// Writes the network as mantissa reads it to an ONNX file: operators gathered that an exporter spelled out, fixed sizes
// of the picture freed, BatchNormalization in the weights, arithmetic on sizes once. `output` is replaced.
// Errors: those of inspect(); (bad_input) a file that cannot be written.
[[nodiscard]] Result<void> write_repaired(const std::filesystem::path& file, const std::filesystem::path& output,
                                          const TaskOverrides& overrides = {});

struct TargetState {
  std::string name;
  std::string title;
  std::string runtime;
  bool this_machine = false;  // the class that a release is made for when none is named
};
[[nodiscard]] std::vector<TargetState> list_targets();

}  // namespace mantissa
