// Reads what real PyTorch wrote, writes it back, and lets real PyTorch compare (tests/checkpoint_torch.py).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "base/test_folder.h"
#include "base/test_python.h"
#include "format/checkpoint.h"

namespace mantissa::format {
namespace {

bool run(const std::string& python, const std::string& command, const std::filesystem::path& folder) {
  return std::system((python + " -B tests/checkpoint_torch.py " + command + " '" + folder.string() + "'").c_str()) == 0;
}

void read_and_write_back(const std::filesystem::path& path) {
  const auto state = read_checkpoint(path);
  ASSERT_TRUE(state.ok()) << state.error().message();
  std::ofstream listing(std::filesystem::path(path).replace_extension(".read"));
  for (const std::string& wrapper : state->wrappers)
    listing << (&wrapper == state->wrappers.data() ? "" : "\t") << wrapper;
  listing << '\n';
  for (const auto& [key, tensor] : state->tensors) {
    listing << key << '\t' << base::name_of(tensor.format) << '\t';
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis)
      listing << (axis == 0 ? "" : ",") << tensor.shape[axis];
    listing << '\t' << base::sha256(tensor.bytes.span()) << '\n';
  }
  const auto written = write_checkpoint(*state, std::filesystem::path(path).replace_extension(".back"));
  ASSERT_TRUE(written.ok()) << written.error().message();
}

TEST(CheckpointAndPyTorch, Agree) {
  const std::string python = base::python_with_torch();
  if (python.empty()) GTEST_SKIP() << "there is no PyTorch here to compare with";
  const base::TestFolder folder;
  ASSERT_TRUE(run(python, "make", folder.path()));

  // Besides, the checkpoints of authors where they are.
  const char* variable = std::getenv("MANTISSA_SHARED");
  const std::filesystem::path models = std::filesystem::path(variable != nullptr ? variable : "../shared") / "models";
  if (std::filesystem::exists(models)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(models)) {
      if (entry.path().extension() != ".pth" && entry.path().extension() != ".pt") continue;
      std::filesystem::create_symlink(std::filesystem::absolute(entry.path()),
                                      folder / ("model_" + entry.path().stem().string() + ".pth"));
    }
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.push_back(entry.path());
  for (const auto& file : files) read_and_write_back(file);
  EXPECT_TRUE(run(python, "compare", folder.path()));
}

}  // namespace
}  // namespace mantissa::format
