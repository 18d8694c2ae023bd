#include "format/network_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/test_folder.h"
#include "format/checkpoint/test_files.h"
#include "format/onnx/test_models.h"

namespace mantissa::format {
namespace {

using namespace test;

class NetworkFile : public testing::Test {
 protected:
  Error refusal(const std::filesystem::path& path) {
    const auto network = read_network(path);
    return network.ok() ? internal_error("accepted") : network.error();
  }
  Error refusal_of(const std::string& bytes) {
    std::ofstream(folder_ / "x", std::ios::binary) << bytes;
    return refusal(folder_ / "x");
  }

  base::TestFolder folder_;
};

TEST_F(NetworkFile, NamesEachKindThatItCannotRead) {
  const std::pair<std::string, std::string> kinds[] = {
      {zip_of({{"a/data.pkl", "x"}, {"a/constants.pkl", "x"}}), "TorchScript"},
      {zip_of({{"a/models/model.json", "x"}}), "torch.export"},
      {zip_of({{"model.weights.h5", "x"}}), "Keras"},
      {zip_of({{"a.npy", "x"}}), "NumPy"},
      {zip_of({{"readme.txt", "x"}}), "compressed archive"},
      {std::string("\x1c\0\0\0TFL3", 8), "TensorFlow Lite"},
      {std::string("\x1c\0\0\0ORTM", 8), "ONNX Runtime"},
      {"\x89HDF\r\n\x1a\n", "HDF5"},
      {"GGUF", "GGUF"},
      {"7767517\n75 83\n", "ncnn"},
      {"<?xml version=\"1.0\"?>\n<net name=\"x\" version=\"11\">", "OpenVINO"},
      {"\x93NUMPY", "NumPy"},
      {"\x89PNG\r\n\x1a\n", "picture"},
      {"\xff\xd8\xff\xe0", "picture"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"},
      {"\n<!DOCTYPE html>\n<html>", "web page"},
      {little_endian(std::uint64_t{2}) + "{}", "holds no tensors"},
      {"\x80\x04N.", "pickle"},
      {"\x1f\x8b\x08", "compressed archive"},
      {std::string(257, 'x') + "ustar", "tar archive"},
      {"\x08\x01\x12\x03\x0a\x01"
       "c",
       "SavedModel"},
      {"hello", "no kind of network"},
      {"\nmy notes", "no kind of network"},
      {std::string(8, '\0'), "no kind of network"},
  };
  for (const auto& [bytes, word] : kinds) {
    const Error error = refusal_of(bytes);
    EXPECT_NE(error.message().find(word), std::string::npos) << error.message();
    EXPECT_TRUE(error.code == ErrorCode::unsupported || error.code == ErrorCode::bad_input) << error.message();
    EXPECT_FALSE(error.advice.empty()) << error.message();
  }
}

TEST_F(NetworkFile, NamesFolders) {
  EXPECT_NE(refusal(folder_.path()).message().find("a folder"), std::string::npos);
  std::ofstream(folder_ / "release.json") << "{}";
  EXPECT_NE(refusal(folder_.path()).message().find("fp32/model.onnx"), std::string::npos);
  std::ofstream(folder_ / "saved_model.pb") << "x";
  EXPECT_NE(refusal(folder_.path()).message().find("SavedModel"), std::string::npos);
  EXPECT_EQ(refusal(folder_ / "missing").code, ErrorCode::bad_input);
}

TEST_F(NetworkFile, EmptyFilesAreErrors) { EXPECT_EQ(refusal_of("").code, ErrorCode::bad_input); }

// A damaged file goes to the reader of its kind, which says what is wrong with it.
TEST_F(NetworkFile, LeavesDamageToTheReader) {
  const std::string zip = zip_form(dict({text("w"), tensor()}));
  EXPECT_NE(refusal_of(zip.substr(0, zip.size() / 2)).message().find("cut off"), std::string::npos);
  const std::string legacy = legacy_form();
  EXPECT_NE(refusal_of(legacy.substr(0, legacy.size() - 1)).message().find("the file ends"), std::string::npos);
  const Error onnx = refusal_of(
      "\x08\x08\x3a\xff\xff\x03"
      "abc");
  EXPECT_EQ(onnx.code, ErrorCode::bad_input);
  EXPECT_EQ(onnx.message().find("no kind of network"), std::string::npos) << onnx.message();
}

TEST_F(NetworkFile, AnOnnxFileThatEndsEarlyIsNothingElse) {
  // ir_version 8, producer "pytorch", graph
  const std::string whole =
      "\x08\x08\x12\x07pytorch\x3a\x05"
      "abcde";
  for (const std::size_t length : {3, 6, 10, 12, 14}) {
    const Error error = refusal_of(whole.substr(0, length));
    EXPECT_EQ(error.code, ErrorCode::bad_input);
    EXPECT_NE(error.message().find("incomplete"), std::string::npos) << length << ": " << error.message();
  }
}

TEST_F(NetworkFile, RecognisesTheFilesOfAuthors) {
  const char* variable = std::getenv("MANTISSA_SHARED");
  const std::filesystem::path shared = variable != nullptr ? variable : "../shared";
  if (!std::filesystem::exists(shared / "models")) GTEST_SKIP() << "there are no shared models at " << shared;
  const std::filesystem::path models = shared / "models";
  EXPECT_NE(refusal(models / "abpn_tflite/base7_D4C28.tflite").message().find("TensorFlow Lite"), std::string::npos);
  EXPECT_NE(refusal(models / "abpn_tflite/saved_model").message().find("SavedModel"), std::string::npos);
  EXPECT_NE(refusal(models / "abpn_tflite/saved_model/saved_model.pb").message().find("SavedModel"), std::string::npos);
  const auto onnx = read_network(shared / "onnx/span.onnx");
  EXPECT_TRUE(onnx.ok()) << onnx.error().message();
  const auto tensorflow = read_network(models / "tf_fsrcnn/FSRCNN_x2.pb");
  EXPECT_TRUE(tensorflow.ok()) << tensorflow.error().message();
  const auto checkpoint = read_network(models / "dncnn/dncnn_25.pth");
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.error().message();
}

// As an exporter fixes it: PixelShuffle in three nodes, whose shapes are numbers.
TEST_F(NetworkFile, SizesOfThePictureAreFreed) {
  std::ofstream(folder_ / "x", std::ios::binary) << model_bytes(17, R"(
agraph (float[1,1,8,12] x) => (float[1,1,16,24] y)
<float[4,1,1,1] w = {1,2,3,4}, int64[6] s = {1,1,2,2,8,12}, int64[4] t = {1,1,16,24}> {
  a = Conv(x, w)
  b = Reshape(a, s)
  c = Transpose <perm = [0,1,4,2,5,3]> (b)
  y = Reshape(c, t)
})");
  const auto network = read_network(folder_ / "x");
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->task.scale, 2);
  EXPECT_EQ(network->task.assumed, std::vector<std::string>{"range 0..1"});
  EXPECT_NE(ir::print(network->graph).find(" = DepthToSpace(%a)"), std::string::npos) << ir::print(network->graph);
}

// A constant as large as the picture: it says which node holds the size.
TEST_F(NetworkFile, SizesThatCannotBeFreedAreTold) {
  std::ofstream(folder_ / "x", std::ios::binary) << model_bytes(17, R"(
agraph (float[1,1,2,3] x) => (float[1,1,2,3] y)
<float[1,1,2,3] w = {1,2,3,4,5,6}> {
  [masking] y = Mul(x, w)
})");
  const auto network = read_network(folder_ / "x");
  ASSERT_TRUE(network.ok()) << network.error().message();
  ASSERT_FALSE(network->task.assumed.empty());
  EXPECT_NE(
      network->task.assumed.back().find("pictures of 3 x 2 pixels only (fixed in the file: the shapes at Mul masking"),
      std::string::npos)
      << network->task.assumed.back();
}

TEST_F(NetworkFile, OneOfSeveralOutputsIsChosen) {
  std::ofstream(folder_ / "x", std::ios::binary) << model_bytes(17, R"(
agraph (float[1,1,H,W] x) => (float[1,1,H,W] coarse, float[1,1,H,W] fine) {
  coarse = Relu(x)
  fine = Neg(coarse)
})");
  const Error several = refusal(folder_ / "x");
  EXPECT_EQ(several.code, ErrorCode::unsupported);
  EXPECT_NE(several.message().find("coarse, fine"), std::string::npos) << several.message();
  TaskOverrides overrides;
  overrides.output = "fine";
  const auto network = read_network(folder_ / "x", overrides);
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->graph.value(network->graph.outputs.front()).name, "fine");
  overrides.output = "finest";
  EXPECT_EQ(read_network(folder_ / "x", overrides).error().code, ErrorCode::usage);
}

TEST_F(NetworkFile, BytesTellTheRange) {
  std::ofstream(folder_ / "x", std::ios::binary) << model_bytes(17, R"(
agraph (uint8[1,H,W,3] x) => (uint8[1,H,W,3] y) {
  f = Cast <to = 1> (x)
  n = Relu(f)
  y = Cast <to = 2> (n)
})");
  const auto network = read_network(folder_ / "x");
  ASSERT_TRUE(network.ok()) << network.error().message();
  EXPECT_EQ(network->task.range_high, 255);
  EXPECT_EQ(network->task.assumed, std::vector<std::string>{"colour rgb"});
}

TEST_F(NetworkFile, BatchesAreFreedOrRefused) {
  const auto model = [](const std::string& shape) {
    return model_bytes(17, "agraph (float[4,3,H,W] x) => (float[4,3,H,W] y) <int64[4] s = " + shape + R"(> {
  a = Reshape(x, s)
  y = Relu(a)
})");
  };
  std::ofstream(folder_ / "x", std::ios::binary) << model("{0,0,0,0}");
  EXPECT_TRUE(read_network(folder_ / "x").ok());
  EXPECT_NE(refusal_of(model_bytes(17, R"(
agraph (float[4,1,H,W] x) => (float[4,1,H,W] y) <float[4,1,1,1] w = {1,2,3,4}> {
  y = Mul(x, w)
})"))
                .message()
                .find("batches of 4"),
            std::string::npos);
}

TEST_F(NetworkFile, LostBordersComeBack) {
  const auto model = [](const std::string& size, const std::string& less) {
    return model_bytes(17, "agraph (float[1,1," + size + "] x) => (float[1,1," + less + R"(] y)
<float[1,1,3,3] w = {1,2,3,4,5,6,7,8,9}> {
  a = Conv(x, w)
  b = Conv(a, w)
  y = Relu(b)
})");
  };
  for (const auto& [size, less] : {std::pair("H,W", "A,B"), {"16,24", "12,20"}}) {
    std::ofstream(folder_ / "x", std::ios::binary) << model(size, less);
    const auto network = read_network(folder_ / "x");
    ASSERT_TRUE(network.ok()) << network.error().message();
    EXPECT_EQ(network->task.scale, 1);
    EXPECT_EQ(network->task.radius, 2);
    EXPECT_NE(ir::print(network->graph).find("Pad(%x"), std::string::npos) << ir::print(network->graph);
  }
}

// Only one side is cut off: the picture would shift.
TEST_F(NetworkFile, BordersOfOneSideAreRefused) {
  EXPECT_NE(refusal_of(model_bytes(17, R"(
agraph (float[1,1,H,W] x) => (float[1,1,A,B] y)
<int64[2] from = {8,8}, int64[2] to = {1000000,1000000}, int64[2] axes = {2,3}> {
  y = Slice(x, from, to, axes)
})"))
                .message()
                .find("enlarged by a whole number"),
            std::string::npos);
}

}  // namespace
}  // namespace mantissa::format
