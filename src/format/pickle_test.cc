#include "format/pickle.h"

#include <gtest/gtest.h>

#include "format/checkpoint/test_files.h"
#include "format/pickle_writer.h"

namespace mantissa::format {
namespace {

using namespace test;

Result<Pickle> read(const std::string& bytes) {
  return unpickle(base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end())));
}

std::string refusal(const std::string& body) {
  const auto pickle = read(pickled(body));
  return pickle.ok() ? "accepted" : pickle.error().message();
}

TEST(Pickle, ReadsNumbersOfEveryWidth) {
  const std::string half("G\x3f\xf8\0\0\0\0\0\0", 9);
  const auto whole = read(pickled("(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x01\x80" + std::string("\x8a\0", 2) + half +
                                  number(1LL << 40) + "t"));
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  const auto* items = whole->get<PickleTuple>(whole->root);
  ASSERT_NE(items, nullptr);
  ASSERT_EQ(items->items.size(), 7U);
  const std::int64_t expected[] = {255, 65535, -1, -128, 0};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(*whole->get<std::int64_t>(items->items[i]), expected[i]);
  EXPECT_EQ(*whole->get<double>(items->items[5]), 1.5);
  EXPECT_EQ(*whole->get<std::int64_t>(items->items[6]), 1LL << 40);
}

TEST(Pickle, KeepsIntegersBeyond64BitsAsBytes) {
  const auto pickle = read(LegacyParts().magic);
  ASSERT_TRUE(pickle.ok());
  ASSERT_NE(pickle->get<PickleBigInteger>(pickle->root), nullptr);
  EXPECT_EQ(pickle->get<PickleBigInteger>(pickle->root)->bytes.size(), 10U);
}

TEST(Pickle, ReadsProtocol4) {
  // PROTO 4, FRAME, EMPTY_DICT, MEMOIZE, SHORT_BINUNICODE, MEMOIZE, STACK_GLOBAL, ...
  const std::string body = std::string("\x80\x04\x95") + little_endian(std::uint64_t{99}) +
                           "\x8c\x0b"
                           "collections\x94\x8c\x0b"
                           "OrderedDict\x94\x93\x94)R\x94(\x8c\x01"
                           "a\x94K\x07u.";
  const auto pickle = read(body);
  ASSERT_TRUE(pickle.ok()) << pickle.error().message();
  const auto* items = pickle->get<PickleDict>(pickle->root);
  ASSERT_NE(items, nullptr);
  ASSERT_EQ(items->items.size(), 1U);
  EXPECT_EQ(*pickle->get<std::int64_t>(items->items[0].second), 7);
}

TEST(Pickle, MemoSharesObjects) {
  const auto pickle =
      read(pickled("(]q\x05"
                   "h\x05K\x01"
                   "at"));
  ASSERT_TRUE(pickle.ok()) << pickle.error().message();
  const auto* items = pickle->get<PickleTuple>(pickle->root);
  ASSERT_EQ(items->items.size(), 2U);
  EXPECT_EQ(items->items[0], items->items[1]);
  EXPECT_EQ(pickle->get<PickleList>(items->items[0])->items.size(), 1U);
}

TEST(Pickle, TellsHowLongItWas) {
  const auto pickle = read(pickled("N") + "more");
  ASSERT_TRUE(pickle.ok());
  EXPECT_EQ(pickle->size, 4U);
}

TEST(Pickle, NamesTheCallableThatItRefuses) {
  EXPECT_NE(refusal(global("posix", "system") + "(" + text("id") + "tR").find("posix.system"), std::string::npos);
  EXPECT_NE(refusal(global("builtins", "eval") + "N").find("builtins.eval"), std::string::npos);
  EXPECT_NE(refusal(global("subprocess", "Popen") + "N").find("subprocess.Popen"), std::string::npos);
  EXPECT_NE(refusal(text("os") + text("system") + "\x93").find("os.system"), std::string::npos);
  // Attributes of allowed names are no allowed names.
  EXPECT_NE(refusal(global("collections", "OrderedDict.fromkeys") + "N").find("OrderedDict.fromkeys"),
            std::string::npos);
  EXPECT_NE(refusal(global("torch", "load") + "N").find("torch.load"), std::string::npos);
}

TEST(Pickle, ExplainsWholeModules) {
  const auto pickle = read(pickled(global("basicsr.archs.rrdbnet_arch", "RRDBNet") + ")\x81}b"));
  ASSERT_FALSE(pickle.ok());
  EXPECT_EQ(pickle.error().code, ErrorCode::bad_input);
  EXPECT_NE(pickle.error().what.find("basicsr.archs.rrdbnet_arch.RRDBNet"), std::string::npos);
  EXPECT_NE(pickle.error().advice.find("state_dict"), std::string::npos);
}

TEST(Pickle, ShowsNamesWithoutControlCharacters) {
  EXPECT_EQ(refusal(global("\x1b[31mposix", "system")).find('\x1b'), std::string::npos);
}

TEST(Pickle, RefusesInstructionsThatTorchDoesNotWrite) {
  for (const std::string body :
       {"I1\n", "F1.0\n", "S'a'\n", "Vabc\n", "(lp0\n", "iposix\nsystem\n", "(cposix\nsystem\no", "\x82\x01",
        "\x83\x01\x02", "P1\n", "\x92", "\x97", "d", "g0\n", "\xff"}) {
    EXPECT_NE(refusal(body), "accepted") << body;
  }
}

TEST(Pickle, RefusesMisuseOfItsStack) {
  const std::string bad[] = {"",
                             "t",
                             "a",
                             "]a",
                             "e",
                             "(e",
                             "N(u",
                             "}(K\x01u",
                             "R",
                             "N)R",
                             "()R",
                             "NN",
                             "(N",
                             "\x85",
                             "\x87",
                             "h\x01",
                             "q\x01",
                             "0",
                             "2",
                             "1",
                             "b",
                             "N}b",
                             "Q",
                             "NQ",
                             ")Q",
                             "s",
                             "}Ns",
                             "(K\x01",
                             "\x94",
                             "(\x94",
                             std::string("]q\xff") + "0",
                             "(0t",
                             "N(a",
                             "K\x01}(b",
                             "j\xff\xff\xff\xff",
                             "Nr\xff\xff\xff\xff"};
  for (const std::string& body : bad) EXPECT_NE(refusal(body), "accepted") << body;
}

TEST(Pickle, RefusesEveryPrefixOfAPickle) {
  const std::string whole = pickled(dict({text("w"), tensor(), text("epoch"), number(3)}));
  ASSERT_TRUE(read(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size)).ok()) << size;
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  all.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(Pickle, SurvivesDepth) {
  EXPECT_TRUE(read(pickled(repeated("]", 500'000) + repeated("a", 499'999))).ok());
  EXPECT_TRUE(read(pickled("N" + repeated("\x85", 500'000))).ok());
  EXPECT_NE(refusal(repeated("]", 3'000'000)), "accepted");
  EXPECT_NE(refusal(repeated("(", 10'000'000)), "accepted");
}

TEST(Pickle, SharingDoesNotMultiply) {
  // Each list holds the one before it twice: 2^60 leaves, 60 objects.
  std::string body = "]q\x01";
  for (int i = 0; i < 60; ++i)
    body +=
        "](h\x01h\x01"
        "eq\x01";
  const auto pickle = read(pickled("(" + body + "t"));
  ASSERT_TRUE(pickle.ok()) << pickle.error().message();
  EXPECT_EQ(pickle->values.size(), 62U);
}

TEST(Pickle, CopiesOfLargeArgumentsAreCounted) {
  // OrderedDict(pairs) a hundred thousand times over, the pairs remembered: copies that no byte of the file pays for.
  const std::string pair = "K\x01K\x02\x86q\x02";
  const std::string pairs = "](" + pair + repeated("h\x02", 100'000) +
                            "e\x85q\x03"
                            "0";
  const std::string make = global("collections", "OrderedDict") +
                           "q\x04"
                           "0" +
                           repeated("h\x04h\x03R", 100'000);
  EXPECT_NE(refusal("(" + pairs + make + "t"), "accepted");
}

TEST(PickleWriter, WritesWhatUnpickleReads) {
  PickleWriter writer;
  const std::vector<std::int64_t> values = {0, 255, 256, -1, 1LL << 31, -(1LL << 40)};
  writer.integers(values);
  const auto pickle = read(std::move(writer).finish());
  ASSERT_TRUE(pickle.ok());
  const auto* items = pickle->get<PickleTuple>(pickle->root);
  ASSERT_EQ(items->items.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(*pickle->get<std::int64_t>(items->items[i]), values[i]);
}

}  // namespace
}  // namespace mantissa::format
