// Checkpoints cut off and changed at every place: none may crash.
#include "format/checkpoint/legacy_form.h"
#include "format/checkpoint/test_hostile.h"
#include "format/checkpoint/zip_form.h"

namespace mantissa::format {
namespace {

using namespace test;

// Without the file system, for thousands of variants.
Result<ir::StateDict> read(const std::string& text) {
  const base::Bytes bytes = base::Bytes::take(std::vector<char>(text.begin(), text.end()));
  if (is_legacy_form(bytes)) return read_legacy_form(bytes);
  MANTISSA_ASSIGN(const ZipArchive archive, ZipArchive::open(bytes));
  return read_zip_form(archive);
}

TEST(MutatedCheckpoint, BeginningsAreErrors) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    ASSERT_TRUE(read(whole).ok());
    for (std::size_t size = 1; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size)).ok()) << size;
  }
}

// A flipped bit in a zip file is an Error or changes nothing of the weights. The legacy form has no checksum, so there
// it only must not crash.
TEST(MutatedCheckpoint, FlippedBitsAreNoticedOrHarmless) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    const bool checked = whole[0] == 'P';
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << bit % 8));
      const auto state = read(bytes);
      if (!state.ok() || !checked) continue;
      ASSERT_NE(state->find("w"), nullptr) << bit;
      EXPECT_EQ(as_text(state->find("w")->bytes.span()), six_floats()) << bit;
    }
  }
}

// Every byte replaced by those that are instructions, lengths and signs.
TEST(MutatedCheckpoint, ReplacedBytesDoNotCrash) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const char value : {'\x00', '\x7f', '\x80', '\xff', '(', 't', 'u', 'R', 'Q', '.', 'h', '0'}) {
        std::string bytes = whole;
        bytes[i] = value;
        (void)read(bytes);
      }
    }
  }
}

}  // namespace
}  // namespace mantissa::format
