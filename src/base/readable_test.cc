#include "base/readable.h"

#include <gtest/gtest.h>

#include "mantissa/result.h"

namespace mantissa::base {
namespace {

TEST(Readable, TextStays) {
  for (const char* text : {"", "conv_1 (output y)", "Größe", "画像/网络.onnx", "a  b", "\xF0\x9F\x98\x80"})
    EXPECT_EQ(readable(text), text);
}

TEST(Readable, NothingReachesTheTerminal) {
  EXPECT_EQ(readable("a\x1b[2J\r\n\x07"), "a?[2J???");
  EXPECT_EQ(readable("\xC2\x9B"
                     "2J"),
            "?2J");                                             // CSI in one character
  EXPECT_EQ(readable("\xE2\x80\xAEgnp.x"), "?gnp.x");           // turns the letters that follow
  EXPECT_EQ(readable("\xFF\xC3("), std::string(2, '?') + "(");  // no UTF-8
  EXPECT_EQ(readable("\xED\xA0\x80"), "???");                   // a surrogate
  EXPECT_EQ(readable("\xC0\xAF\xE0\x80\xAF"), "?????");         // longer than need be
  EXPECT_EQ(readable("\xF4\x90\x80\x80\xE2\x82"), "??????");    // beyond Unicode; cut off
}

TEST(Readable, LongNamesAreShortened) {
  EXPECT_EQ(readable(std::string(160, 'x')).size(), 160U);
  EXPECT_EQ(readable("node " + std::string(100'000, 'x') + " of y"),
            "node " + std::string(80, 'x') + "..." + std::string(80, 'x') + " of y");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word ";
  EXPECT_EQ(readable(words).size(), 1003U);
  std::string letters;
  for (int i = 0; i < 200; ++i) letters += "\xE2\x82\xAC";
  EXPECT_EQ(readable(letters).find('?'), std::string::npos);  // not cut within a character
}

TEST(Readable, MessagesAre) {
  const Error error{
      ErrorCode::bad_input, "the input \"\x1b[2J\" is missing", "Look\n", {"node " + std::string(9000, 'n')}};
  EXPECT_EQ(error.message().find_first_of("\x1b\n"), std::string::npos);
  EXPECT_LT(error.message().size(), 250U);
}

}  // namespace
}  // namespace mantissa::base
