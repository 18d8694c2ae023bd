#include "format/checkpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "base/test_folder.h"
#include "format/checkpoint/test_files.h"

namespace mantissa::format {
namespace {

using namespace test;

class Checkpoint : public testing::Test {
 protected:
  Result<ir::StateDict> read(const std::string& bytes) {
    std::ofstream(folder_ / "x.pth", std::ios::binary) << bytes;
    return read_checkpoint(folder_ / "x.pth");
  }
  // The values of tensor "w".
  std::vector<float> values(const std::string& bytes) {
    const auto state = read(bytes);
    EXPECT_TRUE(state.ok()) << state.error().message();
    if (!state.ok() || state->find("w") == nullptr) return {};
    return *state->find("w")->floats();
  }
  std::vector<std::string> wrappers(const std::string& object) {
    const auto state = read(zip_form(object));
    EXPECT_TRUE(state.ok()) << state.error().message();
    return state.ok() ? state->wrappers : std::vector<std::string>{"none"};
  }

  base::TestFolder folder_;
};

const std::vector<float> kSix = {0, 1, 2, 3, 4, 5};
using Names = std::vector<std::string>;

TEST_F(Checkpoint, ReadsBothForms) {
  EXPECT_EQ(values(zip_form(dict({text("w"), tensor()}))), kSix);
  EXPECT_EQ(values(legacy_form()), kSix);
}

TEST_F(Checkpoint, ReadsStridesAndOffsets) {
  const auto of = [&](const TestTensor& t) { return values(zip_form(dict({text("w"), tensor(t)}))); };
  EXPECT_EQ(of({.shape = {3, 2}, .strides = {1, 3}}), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(of({.offset = 4, .shape = {2}, .strides = {1}}), (std::vector<float>{4, 5}));
  EXPECT_EQ(of({.offset = 1, .shape = {2}, .strides = {2}}), (std::vector<float>{1, 3}));
  EXPECT_EQ(of({.offset = 5, .shape = {}, .strides = {}}), (std::vector<float>{5}));
  EXPECT_EQ(of({.offset = 2, .shape = {2, 2}, .strides = {0, 1}}), (std::vector<float>{2, 3, 2, 3}));
  EXPECT_EQ(of({.shape = {1, 6}, .strides = {999'999, 1}}), kSix);  // the stride of a size of 1 means nothing
  EXPECT_EQ(of({.shape = {6, 0}, .strides = {7, 1}}), (std::vector<float>{}));
}

TEST_F(Checkpoint, ReadsAViewInTheLegacyForm) {
  LegacyParts parts;
  const std::string view = tuple({text("v"), number(2), number(3)});
  parts.object = pickled(dict({text("w"), tensor({.of = storage({.view = view}), .shape = {3}, .strides = {1}})}));
  EXPECT_EQ(values(legacy_form(parts)), (std::vector<float>{2, 3, 4}));
}

TEST_F(Checkpoint, ReadsOldAndNewWaysToRebuild) {
  const std::string old =
      call(global("torch._utils", "_rebuild_tensor"), {storage(), number(0), numbers({6}), numbers({1})});
  EXPECT_EQ(values(zip_form(dict({text("w"), old}))), kSix);
  EXPECT_EQ(values(zip_form(dict(
                {text("w"), call(global("torch._utils", "_rebuild_parameter"), {tensor(), "\x88", ordered_dict()})}))),
            kSix);
  const std::string untyped =
      tuple({text("storage"), global("torch.storage", "UntypedStorage"), text("0"), text("cpu"), number(24)}) + "Q";
  const std::string v3 =
      call(global("torch._utils", "_rebuild_tensor_v3"),
           {untyped, number(0), numbers({6}), numbers({1}), "\x89", ordered_dict(), global("torch", "float32")});
  EXPECT_EQ(values(zip_form(dict({text("w"), v3}))), kSix);
}

TEST_F(Checkpoint, TiedTensorsStayTiedAndAligned) {
  const ir::Tensor weight = ir::Tensor::of_floats({2, 3}, kSix);
  ir::StateDict state;
  state.tensors = {{"w", weight}, {"tied", weight}, {"equal", ir::Tensor::of_floats({2, 3}, kSix)}};
  ASSERT_TRUE(write_checkpoint(state, folder_ / "y.pth").ok());
  const auto again = read_checkpoint(folder_ / "y.pth");
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(again->find("w")->bytes.data()) % 64, 0U);
  EXPECT_EQ(again->find("w")->bytes.data(), again->find("tied")->bytes.data());
  EXPECT_NE(again->find("w")->bytes.data(), again->find("equal")->bytes.data());
}

// In the legacy form storages lie anywhere; whoever gets a tensor may still read it as what it holds.
TEST_F(Checkpoint, TensorsAreAlignedToTheirElements) {
  LegacyParts parts;
  for (int i = 0; i < 4; ++i) {
    const auto state = read(legacy_form(parts));
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(state->find("w")->bytes.data()) % 4, 0U);
    parts.object = pickled(dict({text("w"), tensor(), text(std::string(static_cast<std::size_t>(i) + 1, 'x')), "N"}));
  }
}

TEST_F(Checkpoint, ChoosesTheWeights) {
  const std::string weights = dict({text("w"), tensor()});
  const std::string adam =
      dict({text("state"), dict({number(0), dict({text("exp_avg"), tensor()})}), text("param_groups"), "]"});
  EXPECT_EQ(wrappers(weights), Names{});
  EXPECT_EQ(wrappers(dict({text("params"), weights, text("params_ema"), weights})), Names{"params_ema"});
  EXPECT_EQ(wrappers(dict({text("model"), weights, text("ema"), weights})), Names{"ema"});
  EXPECT_EQ(wrappers(dict({text("ema"), dict({text("decay"), number(3)}), text("model"), weights})), Names{"model"});
  EXPECT_EQ(wrappers(dict({text("optimizer"), adam, text("epoch"), number(3), text("model"), weights})),
            Names{"model"});
  EXPECT_EQ(wrappers(dict({text("g"), adam, text("model_state_dict"), weights})), Names{"model_state_dict"});
  EXPECT_EQ(wrappers(dict({text("state_dict"), dict({text("generator"), weights})})),
            (Names{"state_dict", "generator"}));
  EXPECT_EQ(wrappers(dict({text("net"), number(3), text("generator"), weights})), Names{"generator"});
  // A step count that is a tensor does not hide the weights.
  EXPECT_EQ(wrappers(dict({text("step"), tensor(), text("params"), weights})), Names{"params"});
}

TEST_F(Checkpoint, LeavesOutWhatIsNoTensor) {
  const auto state = read(
      zip_form(dict({text("w"), tensor(), text("epoch"), number(3), text("note"), text("hello"), text("more"), "}"})));
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->tensors.size(), 1U);
}

TEST_F(Checkpoint, WritesEveryFormatAndTheSameBytesEachTime) {
  ir::StateDict state;
  state.wrappers = {"outer", "params"};
  using base::NumberFormat;
  for (const NumberFormat format :
       {NumberFormat::float32, NumberFormat::float16, NumberFormat::bfloat16, NumberFormat::float64,
        NumberFormat::float8_e4m3fn, NumberFormat::float8_e5m2, NumberFormat::int8, NumberFormat::uint8,
        NumberFormat::int16, NumberFormat::uint16, NumberFormat::int32, NumberFormat::uint32, NumberFormat::int64,
        NumberFormat::uint64, NumberFormat::boolean}) {
    const std::vector<float> values = {0, 1, 1, 0, 1, 0};
    state.tensors.emplace_back(std::string(base::name_of(format)),
                               ir::Tensor{format, {2, 3}, base::from_floats(format, values)});
  }
  state.tensors.emplace_back("empty", ir::Tensor{NumberFormat::float32, {0, 4}, {}});
  state.tensors.emplace_back("scalar", ir::Tensor::of_integers({}, {7}));
  ASSERT_TRUE(write_checkpoint(state, folder_ / "y.pth").ok());
  ASSERT_TRUE(write_checkpoint(state, folder_ / "z.pth").ok());
  EXPECT_EQ(*base::sha256_of_file(folder_ / "y.pth"), *base::sha256_of_file(folder_ / "z.pth"));

  const auto again = read_checkpoint(folder_ / "y.pth");
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->wrappers, state.wrappers);
  ASSERT_EQ(again->tensors.size(), state.tensors.size());
  for (std::size_t i = 0; i < state.tensors.size(); ++i) {
    EXPECT_EQ(again->tensors[i].first, state.tensors[i].first);
    EXPECT_EQ(again->tensors[i].second.format, state.tensors[i].second.format);
    EXPECT_EQ(again->tensors[i].second.shape, state.tensors[i].second.shape);
    EXPECT_EQ(as_text(again->tensors[i].second.bytes.span()), as_text(state.tensors[i].second.bytes.span()))
        << state.tensors[i].first;
  }
}

TEST_F(Checkpoint, RefusesToWriteWhatPyTorchDoesNotHave) {
  ir::StateDict state;
  state.tensors.emplace_back("w", ir::Tensor{base::NumberFormat::int4, {2}, base::Bytes::take(std::vector<char>{1})});
  const auto written = write_checkpoint(state, folder_ / "y.pth");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::unsupported);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.pth"));
}

// Real checkpoints of authors of networks: the counts are those of the shared folder's SOURCES.md.
TEST_F(Checkpoint, ReadsTheCheckpointsOfAuthors) {
  const char* variable = std::getenv("MANTISSA_SHARED");
  const std::filesystem::path models = std::filesystem::path(variable != nullptr ? variable : "../shared") / "models";
  const auto sources = base::read_text(models / "SOURCES.md");
  if (!sources.ok()) GTEST_SKIP() << "there are no shared models at " << models;
  int files = 0;
  std::istringstream lines(*sources);
  for (std::string line; std::getline(lines, line);) {
    // "| espcn/ESPCN_x2.pt | ... `conv_3.bias`; 6 tensors, 26796 values | ..."
    const std::size_t counts = line.find(" tensors, ");
    if (!line.starts_with("| ") || counts == std::string::npos) continue;
    const std::string file = line.substr(2, line.find(' ', 2) - 2);
    const auto state = read_checkpoint(models / file);
    ASSERT_TRUE(state.ok()) << state.error().message();
    std::int64_t values = 0;
    for (const auto& [key, tensor] : state->tensors) values += tensor.count();
    const std::string found =
        " " + std::to_string(state->tensors.size()) + " tensors, " + std::to_string(values) + " values ";
    EXPECT_NE(line.find(found), std::string::npos) << file << ":" << found;
    ++files;
  }
  EXPECT_GE(files, 20);
}

}  // namespace
}  // namespace mantissa::format
