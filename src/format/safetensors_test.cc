// The safetensors reader and writer: what they write they read, and damaged or malicious files are refused with reasons.
#include "format/safetensors.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/test_folder.h"
#include "format/checkpoint/test_files.h"

namespace mantissa::format {
namespace {

using test::little_endian;

base::Bytes bytes_of(const std::string& text) { return base::Bytes::take(std::vector<char>(text.begin(), text.end())); }
std::string file_of(const std::string& header, const std::string& data = test::six_floats()) {
  return little_endian(static_cast<std::uint64_t>(header.size())) + header + data;
}
Result<ir::StateDict> read(const std::string& header, const std::string& data = test::six_floats()) {
  return parse_safetensors(bytes_of(file_of(header, data)));
}

constexpr const char* kGood = R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";

TEST(Safetensors, AreReadWithMetadata) {
  const auto state =
      read(R"({"__metadata__":{"format":"pt","note":"\u00e9"},"b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
           R"( "a":{"data_offsets":[0,16],"shape":[2,1,2],"dtype":"F32"}}   )");
  ASSERT_TRUE(state.ok()) << state.error().message();
  ASSERT_EQ(state->tensors.size(), 2U);
  EXPECT_EQ(state->tensors[0].first, "a");  // in the order of their bytes
  EXPECT_EQ(state->tensors[0].second.shape, (std::vector<std::int64_t>{2, 1, 2}));
  EXPECT_EQ(*state->tensors[1].second.floats(), (std::vector<float>{4, 5}));
  ASSERT_TRUE(state->metadata);
  EXPECT_EQ(*state->metadata, (std::vector<std::pair<std::string, std::string>>{{"format", "pt"}, {"note", "\u00e9"}}));
  EXPECT_TRUE(state->wrappers.empty());
}

TEST(Safetensors, HoldScalarsAndEmptyTensors) {
  const auto state = read(R"({"e":{"dtype":"F16","shape":[0,3],"data_offsets":[0,0]},)"
                          R"("s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
                          test::six_floats().substr(4, 4));
  ASSERT_TRUE(state.ok()) << state.error().message();
  EXPECT_EQ(*state->find("s")->floats(), std::vector<float>{1});
  EXPECT_EQ(state->find("e")->count(), 0);
}

TEST(Safetensors, ThatAreNotAlignedAreCopied) {
  const auto state = read(R"({"i":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},)"
                          R"("w":{"dtype":"F64","shape":[2],"data_offsets":[4,20]},"x":{"dtype":"U8","shape":[4],)"
                          R"("data_offsets":[20,24]}})");
  ASSERT_TRUE(state.ok()) << state.error().message();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(state->find("w")->bytes.data()) % 8, 0U);
}

TEST(Safetensors, ComeBackAsTheyWereWritten) {
  const base::TestFolder folder;
  ir::StateDict state;
  state.metadata.emplace();
  state.metadata->emplace_back("format", "pt \"quoted\" \u65e5");
  state.tensors.emplace_back("\u043a\u043b\u044e\u0447", ir::Tensor::of_floats({2, 1}, {1.5F, -2}));
  state.tensors.emplace_back("count", ir::Tensor::of_integers({}, {1LL << 40}));
  using base::NumberFormat;
  for (const NumberFormat format :
       {NumberFormat::float16, NumberFormat::bfloat16, NumberFormat::float64, NumberFormat::int8, NumberFormat::uint8,
        NumberFormat::int16, NumberFormat::uint16, NumberFormat::int32, NumberFormat::uint32, NumberFormat::uint64,
        NumberFormat::boolean}) {
    std::vector<std::uint8_t> ones(3 * base::bytes_of(format, 1), 1);
    state.tensors.emplace_back(std::string(base::name_of(format)), ir::Tensor{format, {3}, base::Bytes::take(ones)});
  }
  ASSERT_TRUE(write_safetensors(state, folder / "a.safetensors").ok());
  const auto back = read_safetensors(folder / "a.safetensors");
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back->metadata, state.metadata);
  ASSERT_EQ(back->tensors.size(), state.tensors.size());
  for (const auto& [key, tensor] : state.tensors) {
    const ir::Tensor* found = back->find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->format, tensor.format) << key;
    EXPECT_EQ(found->shape, tensor.shape) << key;
    EXPECT_EQ(as_text(found->bytes.span()), as_text(tensor.bytes.span())) << key;
    EXPECT_NE(found->bytes.file(), nullptr) << key << " is not aligned";
  }
  ASSERT_TRUE(write_safetensors(*back, folder / "b.safetensors").ok());
  EXPECT_EQ(base::sha256_of_file(folder / "a.safetensors").value(),
            base::sha256_of_file(folder / "b.safetensors").value());
}

TEST(Safetensors, HaveNoFourBits) {
  const base::TestFolder folder;
  ir::StateDict state;
  state.tensors.emplace_back(
      "w", ir::Tensor{base::NumberFormat::int4, {2}, base::Bytes::take(std::vector<std::uint8_t>{0})});
  EXPECT_EQ(write_safetensors(state, folder / "x").error().code, ErrorCode::unsupported);
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

struct Hostile {
  std::string header;
  const char* says;
  ErrorCode code = ErrorCode::bad_input;
};

std::string tensor_with(const std::string& fields) { return R"({"w":{)" + fields + "}}"; }

TEST(Safetensors, ThatLieAreRefused) {
  const std::string deep(100'000, '[');
  const Hostile all[] = {
      {"[]", "no JSON object"},
      {"{", "no JSON"},
      {"{}", "no tensors"},
      {R"({"__metadata__":{}})", "no tensors"},
      {R"({"w":3})", "a number"},
      {R"({"w":null})", "null"},
      {R"({"w":"x"})", "a text"},
      {R"({"w":[1]})", "a list"},
      {R"({"w":)" + deep, "a list"},
      {R"({"w":{"shape":)" + deep, "a list"},
      {R"({"w":{"shape":[)" + std::string(1000, '1') + "]}}", "no JSON"},
      {R"({"w":{"a":{"a":{}}}})", "nests too deep"},
      {R"({"__metadata__":{"a":{}},"w":{}})", "nests too deep"},
      {R"({"__metadata__":{"a":1},"w":{}})", "a number"},
      {R"({"__metadata__":{"a":"1","a":"2"},"w":{}})", "twice"},
      {tensor_with(R"("shape":[6],"data_offsets":[0,24])"), "dtype is missing"},
      {tensor_with(R"("dtype":"F32","data_offsets":[0,24])"), "shape is missing"},
      {tensor_with(R"("dtype":"F32","shape":[6])"), "data_offsets is missing"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[0,24],"dtype":"F32")"), "twice"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[0])"), "two numbers"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[0,24,24])"), "a number"},
      {tensor_with(R"("dtype":"F32","shape":[-6],"data_offsets":[0,24])"), "negative"},
      {tensor_with(R"("dtype":"F32","shape":[6.0],"data_offsets":[0,24])"), "not whole"},
      {tensor_with(R"("dtype":"F32","shape":[true],"data_offsets":[0,24])"), "truth value"},
      {tensor_with(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,24])"), "shape is impossible"},
      {tensor_with(R"("dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,24])"), "does not fit"},
      {tensor_with(R"("dtype":"F32","shape":[7],"data_offsets":[0,24])"), "does not fit"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[0,23])"), "belong to no tensor"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[4,24])"), "belong to no tensor"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[24,0])"), "before they begin"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[0,28])"), "beyond the end"},
      {tensor_with(R"("dtype":"F32","shape":[6],"data_offsets":[18446744073709551592,0])"), "before they begin"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})",
       "overlap"},
      {R"({"w":{"dtype":"F32","shape":[6],"data_offsets":[0,24]},"w":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}})",
       "twice"},
      {tensor_with(R"("dtype":"F31","shape":[6],"data_offsets":[0,24])"), "does not have"},
      {tensor_with(R"("dtype":"F8_E4M3","shape":[24],"data_offsets":[0,24])"), "F8_E4M3", ErrorCode::unsupported},
      {tensor_with(R"("dtype":"F8_E5M2","shape":[24],"data_offsets":[0,24])"), "F8_E5M2", ErrorCode::unsupported},
      {tensor_with(R"("dtype":"C64","shape":[3],"data_offsets":[0,24])"), "C64", ErrorCode::unsupported},
      {tensor_with(R"("dtype":"BOOL","shape":[24],"data_offsets":[0,24])"), "truth values"},
      {kGood + std::string("x"), "no JSON"},
      {std::string(kGood) + kGood, "no JSON"},
      {"{\"\xff\":{}}", "no JSON"},
      {R"({"\u001b[2J":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}})", "no readable text"},
      {R"({"\u009b2J":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}})", "no readable text"},
  };
  for (const auto& [header, says, code] : all) {
    SCOPED_TRACE(header.substr(0, 200));
    const auto state = read(header);
    ASSERT_FALSE(state.ok());
    EXPECT_EQ(state.error().code, code);
    EXPECT_NE(state.error().message().find(says), std::string::npos) << state.error().message();
    EXPECT_FALSE(state.error().advice.empty());
  }
}

TEST(Safetensors, LengthsThatLieAreRefused) {
  const std::string good = file_of(kGood);
  ASSERT_TRUE(parse_safetensors(bytes_of(good)).ok());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_safetensors(bytes_of(good.substr(0, size))).ok()) << size;
  EXPECT_FALSE(parse_safetensors(bytes_of(good + "x")).ok());
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 20, std::uint64_t{1} << 40,
                                     ~std::uint64_t{0}, ~std::uint64_t{7}})
    EXPECT_FALSE(parse_safetensors(bytes_of(little_endian(length) + good.substr(8))).ok()) << length;
}

// A flipped bit in the header is an error, or another name or shape of as many elements; never a crash.
TEST(Safetensors, FlippedBitsAreNoticedOrHarmless) {
  const std::string good = file_of(kGood);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << bit % 8));
    const auto state = parse_safetensors(bytes_of(bytes));
    if (!state.ok()) continue;
    ASSERT_EQ(state->tensors.size(), 1U) << bit;
    EXPECT_TRUE(state->tensors[0].second.fits()) << bit;
    EXPECT_EQ(state->tensors[0].second.bytes.size(), 24U) << bit;
  }
}

}  // namespace
}  // namespace mantissa::format
