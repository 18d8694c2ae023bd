// The shared material: where it is, its .npy files, and running a network on them with ONNX Runtime's CPU provider.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "format/onnx.h"
#include "run/provider.h"

namespace mantissa::test {

inline std::filesystem::path shared_folder() {
  const char* named = std::getenv("MANTISSA_SHARED");
  return named && *named ? named : "../shared";
}

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// A .npy file of format version 1 with little-endian float32 in C order; an empty array for anything else.
inline Array read_npy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(10, '\0');
  file.read(head.data(), 10);
  std::string header(static_cast<unsigned char>(head[8]) + 256U * static_cast<unsigned char>(head[9]), '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const std::size_t open = header.find('(');
  if (!file || header.find("'<f4'") == std::string::npos || open == std::string::npos) return {};
  Array array;
  std::size_t count = 1;
  const char* at = header.c_str() + open + 1;
  for (char* end = nullptr;; at = end + 1) {
    const long long size = std::strtoll(at, &end, 10);
    if (end == at) break;
    array.shape.push_back(size);
    count *= static_cast<std::size_t>(size);
    if (*end != ',') break;
  }
  array.values.resize(count);
  file.read(reinterpret_cast<char*>(array.values.data()), static_cast<std::streamsize>(count * sizeof(float)));
  return file ? array : Array{};
}

// Runs a graph in float32, with what it is told beside the picture. An empty array and a test failure when something is
// wrong.
inline Array execute(const ir::Graph& graph, Array input, std::optional<float> condition = {}) {
  const auto fail = [](const Error& error) {
    ADD_FAILURE() << error.message();
    return Array{};
  };
  auto bytes = format::onnx_bytes(graph);
  if (!bytes) return fail(bytes.error());
  auto provider = run::provider("onnxruntime-cpu");
  if (!provider) return fail(provider.error());
  auto session = (*provider)->open(std::as_bytes(std::span(*bytes)), run::SessionOptions{});
  if (!session) return fail(session.error());
  if (condition) (*session)->set_condition(*condition);
  Array output;
  auto values = (*session)->run({input.shape, input.values.data()}, output.shape);
  if (!values) return fail(values.error());
  output.values = *std::move(values);
  return output;
}

}  // namespace mantissa::test

#define MANTISSA_NEED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared material is not here: " << (path)
#define MANTISSA_NEED_PROVIDER() \
  if (const auto here = run::provider("onnxruntime-cpu"); !here) GTEST_SKIP() << here.error().message()
