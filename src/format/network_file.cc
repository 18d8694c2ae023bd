#include "format/network_file.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "format/checkpoint.h"
#include "format/network_file_content.h"
#include "format/onnx.h"
#include "format/safetensors.h"
#include "format/tensorflow.h"
#include "net/architecture.h"
#include "net/check_weights.h"
#include "net/free_sizes.h"
#include "net/geometry.h"
#include "net/keep_border.h"
#include "pass/fuse_batch_normalization.h"
#include "pass/fuse_bias.h"
#include "pass/fuse_depth_to_space.h"
#include "pass/fuse_gelu.h"
#include "pass/fuse_prelu.h"
#include "pass/put_channels_first.h"
#include "pass/widen_halves.h"

namespace mantissa::format {
namespace {

using Path = std::filesystem::path;
using Content = FileContent;

Result<net::Network> read_checkpoint_network(const Path& path, const TaskOverrides& /*overrides*/) {
  MANTISSA_ASSIGN(ir::StateDict state, read_checkpoint(path));
  return net::network_from_checkpoint(std::move(state)).in("checkpoint " + path.string());
}

// Exporters spell operators out, or leave apart what trained apart.
Result<void> gather_operators(ir::Graph& graph) {
  MANTISSA_TRY(pass::fuse_bias(graph));
  MANTISSA_TRY(pass::fuse_batch_normalization(graph));
  pass::fuse_depth_to_space(graph);
  pass::fuse_gelu(graph);
  pass::fuse_prelu(graph);
  return {};
}

// The graph with free sizes. Errors: why it works at the sizes of the file only.
Result<ir::Graph> with_free_sizes(ir::Graph graph) {
  if (std::string obstacle = net::free_sizes(graph); !obstacle.empty()) return unsupported(std::move(obstacle));
  MANTISSA_ASSIGN(ir::Graph freed, with_inferred_shapes(graph));
  auto geometry = net::find_geometry(freed);
  if (geometry.ok() || !net::keep_border(freed)) {
    MANTISSA_TRY(std::move(geometry));
    return freed;
  }
  MANTISSA_ASSIGN(freed, with_inferred_shapes(freed));
  MANTISSA_TRY(net::find_geometry(freed));
  return freed;
}

bool has_fixed_batch(const ir::Graph& graph) {
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [&](ir::ValueId input) {
    const auto& shape = graph.value(input).shape;
    return shape && shape->size() == 4 && shape->front().size > 1;
  });
}

// Tiles come one at a time. Errors: why it works on batches of the file's size only.
Result<ir::Graph> with_free_batch(ir::Graph graph) {
  for (const ir::ValueId input : graph.inputs)
    if (auto& shape = graph.value(input).shape; shape && !shape->empty()) shape->front() = {-1, "batch"};
  graph.forget_shapes();
  MANTISSA_ASSIGN(ir::Graph freed, with_inferred_shapes(graph));
  MANTISSA_TRY(net::find_geometry(freed));
  return freed;
}

Result<net::Network> read_safetensors_network(const Path& path, const TaskOverrides& /*overrides*/) {
  MANTISSA_ASSIGN(ir::StateDict state, read_safetensors(path));
  return net::network_from_checkpoint(std::move(state)).in("safetensors file " + path.string());
}

// Bytes tell the range.
void take_bytes(const pass::Ends& ends, net::Task& task) {
  if (!ends.takes_bytes && !ends.gives_bytes) return;
  net::set_range(task, {0, 255});
  if (!ends.takes_bytes) task.assumed.emplace_back("range 0..255 in");
  if (!ends.gives_bytes) task.assumed.emplace_back("range 0..255 out");
}

// Of several outputs the one that was asked for.
Result<void> choose_output(ir::Graph& graph, const std::optional<std::string>& name) {
  if (graph.outputs.size() < 2) return {};
  std::string names;
  for (const ir::ValueId output : graph.outputs) {
    if (name && graph.value(output).name == *name) {
      graph.outputs = {output};
      graph.erase_unused();
      return {};
    }
    names += (names.empty() ? "" : ", ") + graph.value(output).name;
  }
  const std::string advice =
      "Name the one that is the restored picture: --network-output " + graph.value(graph.outputs.front()).name;
  if (name) return usage_error("the network has no output " + *name + ", but " + names, advice);
  return unsupported("the network has several outputs: " + names, advice);
}

// A border that is missing is looked for only where nothing is recognised without it: it takes a walk through the graph.
Result<net::Network> recognised(ir::Graph graph, const std::string& fixed_because) {
  auto network = net::network_from_graph(graph, fixed_because);
  if (network.ok() || net::has_fixed_sizes(graph) || !net::keep_border(graph)) return network;
  MANTISSA_ASSIGN(graph, with_inferred_shapes(graph));
  return net::network_from_graph(std::move(graph), fixed_because);
}

Result<net::Network> network_from(ir::Graph graph, const TaskOverrides& overrides) {
  MANTISSA_TRY(choose_output(graph, overrides.output));
  MANTISSA_TRY(pass::widen_halves(graph));
  const pass::Ends ends = pass::put_channels_first(graph);
  MANTISSA_TRY(gather_operators(graph));
  if (has_fixed_batch(graph))
    if (auto freed = with_free_batch(graph); freed.ok()) graph = *std::move(freed);
  std::string fixed_because;
  if (net::has_fixed_sizes(graph)) {
    auto freed = with_free_sizes(graph);
    if (freed.ok())
      graph = *std::move(freed);
    else
      fixed_because = Error(freed.error()).what;
  }
  MANTISSA_ASSIGN(net::Network network, recognised(std::move(graph), fixed_because));
  take_bytes(ends, network.task);
  return network;
}

// What the operators around a network made of 8-bit levels is its range, whatever its file or its kind says.
void take_levels(const CutOff& cut, net::Task& task) {
  const auto range = [](const CutOff::Levels& levels) { return net::Range{levels.black, levels.white}; };
  if (cut.levels_in) net::set_range(task, range(*cut.levels_in));
  if (cut.levels_out && range(*cut.levels_out) != net::output_range(task)) task.range_out = range(*cut.levels_out);
  task.assumed.push_back(cut.what);
}

Result<net::Network> read_onnx_network(const Path& path, const TaskOverrides& overrides) {
  CutNetwork file;
  if (overrides.cut_custom) {
    MANTISSA_ASSIGN(file, read_onnx_inside(path));
  } else {
    MANTISSA_ASSIGN(file.graph, read_onnx(path));
  }
  MANTISSA_ASSIGN(net::Network network, network_from(std::move(file.graph), overrides).in("network " + path.string()));
  if (file.cut) take_levels(*file.cut, network.task);
  return network;
}

Result<net::Network> read_tensorflow_network(const Path& path, const TaskOverrides& overrides) {
  MANTISSA_ASSIGN(const base::Bytes bytes, base::map_file(path));
  const auto read = [&]() -> Result<net::Network> {
    MANTISSA_ASSIGN(const ir::Graph graph, read_frozen_graph(bytes));
    Result<ir::Graph> whole = with_inferred_shapes(graph);
    // The reader looks at each node by itself; what does not fit together is the file's fault.
    if (!whole.ok() && whole.error().code == ErrorCode::internal)
      return bad_input(whole.error().what, "Export or download it again");
    if (!whole.ok()) return std::move(whole).error();
    return network_from(*std::move(whole), overrides);
  };
  return read().in("network " + path.string());
}

// --- the readers, and what each of them recognises ---

struct Reader {
  std::string_view reads;
  bool (*recognises)(const Content& content);
  Result<net::Network> (*read)(const Path& path, const TaskOverrides& overrides);
};

constexpr std::array kReaders = {
    Reader{"PyTorch checkpoints", is_checkpoint, read_checkpoint_network},
    Reader{"safetensors files", is_safetensors, read_safetensors_network},
    Reader{"ONNX files", is_onnx, read_onnx_network},
    Reader{"frozen TensorFlow graphs", is_frozen_graph, read_tensorflow_network},
};

// --- what is known, but not read ---

struct Unreadable {
  std::string_view what;
  std::string_view advice;
  bool (*recognises)(const Content& content);
  ErrorCode code = ErrorCode::unsupported;  // a network of a kind that could be read one day; bad_input: no network
};

template <ZipContent kind>
bool is_zip_of(const Content& content) {
  return content.zip == kind;
}
bool is_tflite(const Content& content) { return content.has(4, "TFL3"); }  // the identifier of the flatbuffer
bool is_ort(const Content& content) { return content.has(4, "ORTM"); }     // the same
bool is_hdf5(const Content& content) { return content.has(0, "\x89HDF\r\n\x1a\n"); }
bool is_gguf(const Content& content) { return content.has(0, "GGUF"); }
bool is_ncnn(const Content& content) { return content.has(0, "7767517"); }
bool is_numpy(const Content& content) { return content.has(0, "\x93NUMPY") || content.zip == ZipContent::numpy; }
bool is_picture(const Content& content) {
  return content.has(0, "\x89PNG\r\n") || content.has(0, "\xff\xd8\xff") || content.has(0, "GIF8") ||
         content.has(0, "II*") || content.has(0, {"MM\0*", 4}) || content.has(4, "ftyp") || is_webp(content);
}
bool is_lfs_pointer(const Content& content) { return content.has(0, "version https://git-lfs.github.com/"); }
bool is_tar(const Content& content) { return content.has(257, "ustar"); }
bool is_packed(const Content& content) {
  return content.is_zip || content.has(0, "\x1f\x8b") || content.has(0, "7z\xbc\xaf") || content.has(0, "Rar!") ||
         content.has(0, "\x28\xb5\x2f\xfd");
}
bool is_coreml(const Content& content) { return content.holds("Manifest.json"); }
bool is_release(const Content& content) { return content.holds("release.json"); }
bool is_folder(const Content& content) { return content.is_folder; }

constexpr std::string_view kGiveNetwork =
    "Give a network: a PyTorch checkpoint, a safetensors file, an ONNX file or a frozen TensorFlow graph";
constexpr std::string_view kGiveOriginal = "Give the checkpoint or the ONNX file that it was made from";
constexpr std::string_view kUnpack = "Unpack it, and give the network that is inside";
constexpr std::string_view kConvertKeras =
    "Convert it to ONNX: python -m tf2onnx.convert --keras FILE --output network.onnx";

// Sure signs first, vague ones last: the first that recognises the content names it.
constexpr std::array kUnreadable = {
    Unreadable{"a TorchScript program",
               "In Python: torch.save(torch.jit.load(FILE).state_dict(), \"weights.pth\"), and give that file",
               is_zip_of<ZipContent::torchscript>},
    Unreadable{"a program of torch.export",
               "In Python: torch.save(torch.export.load(FILE).state_dict, \"weights.pth\"), and give that file",
               is_zip_of<ZipContent::torch_export>},
    Unreadable{"a Keras model", kConvertKeras, is_zip_of<ZipContent::keras>},
    Unreadable{"an HDF5 file, as Keras writes them", kConvertKeras, is_hdf5},
    Unreadable{"a TensorFlow Lite model",
               "Convert it to ONNX: python -m tf2onnx.convert --tflite FILE --output network.onnx", is_tflite},
    Unreadable{"an ONNX Runtime model in its own format", "Give the ONNX file that it was made from", is_ort},
    Unreadable{"a GGUF file", kGiveOriginal, is_gguf},
    Unreadable{"an ncnn network", kGiveOriginal, is_ncnn},
    Unreadable{"an OpenVINO network", kGiveOriginal, is_openvino},
    Unreadable{"a NumPy file",
               "Load its arrays into the network in Python, then torch.save(network.state_dict(), \"weights.pth\")",
               is_numpy},
    Unreadable{"a picture", kGiveNetwork, is_picture, ErrorCode::bad_input},
    Unreadable{"a Git LFS pointer, not the file itself", "Fetch the file with: git lfs pull", is_lfs_pointer,
               ErrorCode::bad_input},
    Unreadable{"a web page", "Download the file itself: the link led to a page about it", is_web_page,
               ErrorCode::bad_input},
    Unreadable{"a tar archive", "Unpack it; if PyTorch 0.1 wrote it, load and save it with a newer one", is_tar,
               ErrorCode::bad_input},
    Unreadable{"a pickle, but none of torch.save",
               "In Python: torch.save(network.state_dict(), \"weights.pth\"), and give that file", is_pickle,
               ErrorCode::bad_input},
    Unreadable{"a compressed archive", kUnpack, is_packed, ErrorCode::bad_input},
    Unreadable{"a TensorFlow SavedModel",
               "Convert it to ONNX: python -m tf2onnx.convert --saved-model FOLDER --output network.onnx",
               is_saved_model},
    Unreadable{"a Core ML package", kGiveOriginal, is_coreml},
    Unreadable{"a release, not a network", "Give the network inside: fp32/model.onnx", is_release,
               ErrorCode::bad_input},
    Unreadable{"a folder", kGiveNetwork, is_folder, ErrorCode::bad_input},
};

Error refusal(const Content& content) {
  const auto* const known = std::find_if(kUnreadable.begin(), kUnreadable.end(),
                                         [&](const Unreadable& each) { return each.recognises(content); });
  if (known == kUnreadable.end())
    return bad_input("it is no kind of network that is known here", std::string(kGiveNetwork));
  Error error{known->code, "it is " + std::string(known->what), std::string(known->advice), {}};
  if (known->code == ErrorCode::unsupported) error.what += ", which cannot be read yet";
  return error;
}

}  // namespace

Result<net::Network> read_network(const Path& path, const TaskOverrides& overrides) {
  MANTISSA_ASSIGN(const Content content, look_at(path));
  for (const Reader& reader : kReaders) {
    if (!reader.recognises(content)) continue;
    MANTISSA_ASSIGN(net::Network network, reader.read(path, overrides));
    MANTISSA_TRY(net::check_weights(network.graph).in("network " + path.string()));
    const std::string& output = network.graph.value(network.graph.outputs.front()).name;
    if (overrides.output && *overrides.output != output)
      return usage_error("network " + path.string() + " has no output " + *overrides.output + ", but " + output,
                         "Leave out --network-output");
    MANTISSA_TRY(net::override_task(network.task, overrides));
    return network;
  }
  return Result<net::Network>(refusal(content)).in(path.string());
}

}  // namespace mantissa::format
