#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "format/checkpoint/test_files.h"
#include "format/zip_reader.h"
#include "format/zip_writer.h"

namespace mantissa::format {
namespace {

using namespace test;

Result<ZipArchive> open(const std::string& bytes) {
  return ZipArchive::open(base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end())));
}

std::string content(const ZipArchive& archive, std::string_view name) {
  const ZipEntry* entry = archive.find(name);
  if (entry == nullptr) return "missing";
  const auto bytes = archive.read(*entry);
  return bytes.ok() ? std::string(as_text(bytes->span())) : "damaged";
}

base::Bytes write(const std::filesystem::path& path, const std::vector<std::pair<std::string, std::string>>& entries) {
  auto file = base::AtomicFile::create(path);
  ZipWriter writer(*file);
  for (const auto& [name, data] : entries) EXPECT_TRUE(writer.add(name, std::as_bytes(std::span(data))).ok());
  EXPECT_TRUE(writer.finish().ok());
  EXPECT_TRUE(file->commit().ok());
  return *base::map_file(path);
}

TEST(ZipReader, ReadsStoredAndDeflatedEntries) {
  const std::string long_text(10'000, 'x');
  const auto archive =
      open(zip_of({{"folder/", ""}, {"stored", "abc"}, {"deflated", long_text, true}, {"empty", "", true}}));
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  EXPECT_EQ(archive->entries().size(), 4U);
  EXPECT_EQ(content(*archive, "stored"), "abc");
  EXPECT_EQ(content(*archive, "deflated"), long_text);
  EXPECT_EQ(content(*archive, "empty"), "");
  EXPECT_EQ(archive->find("other"), nullptr);
}

TEST(ZipReader, MapsStoredEntries) {
  const std::string bytes = zip_of({{"stored", "abc"}});
  const base::Bytes file = base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end()));
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive.ok());
  const auto data = archive->read(*archive->find("stored"));
  ASSERT_TRUE(data.ok());
  EXPECT_GT(data->data(), file.data());
  EXPECT_LT(data->data(), file.data() + file.size());
}

TEST(ZipReader, AcceptsAComment) {
  EXPECT_TRUE(open(zip_of({{"a", "abc"}}, {.comment_length = 5, .trailing = "hello"})).ok());
  EXPECT_FALSE(open(zip_of({{"a", "abc"}}, {.comment_length = 6, .trailing = "hello"})).ok());
}

TEST(ZipReader, NamesTheDamagedEntry) {
  const auto archive = open(zip_of({{"a", "abc", false, {}, 0, 12345}}));
  ASSERT_TRUE(archive.ok());
  const auto data = archive->read(*archive->find("a"));
  ASSERT_FALSE(data.ok());
  EXPECT_NE(data.error().message().find("entry 'a'"), std::string::npos);
}

TEST(ZipReader, RefusesEveryPrefix) {
  const std::string whole = zip_of({{"stored", "abc"}, {"deflated", std::string(100, 'x'), true}});
  ASSERT_TRUE(open(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(open(whole.substr(0, size)).ok()) << size;
}

// Any flipped bit is noticed or harmless: what is read is what was written, or nothing.
TEST(ZipReader, NoFlippedBitChangesWhatIsRead) {
  const std::string text = "the quick brown fox jumps over the lazy dog, twice: the quick brown fox";
  const std::string whole = zip_of({{"stored", text}, {"deflated", text, true}});
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << bit % 8));
    const auto archive = open(bytes);
    if (!archive.ok()) continue;
    for (const char* name : {"stored", "deflated"}) {
      const std::string found = content(*archive, name);
      EXPECT_TRUE(found == text || found == "damaged" || found == "missing") << "bit " << bit << ": " << found;
    }
  }
}

TEST(ZipWriter, AlignsAndReadsBack) {
  const base::TestFolder folder;
  const base::Bytes file =
      write(folder / "x.zip", {{"a", "abc"}, {"archive/data/1", std::string(1000, 'y')}, {"empty", ""}});
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  for (const ZipEntry& entry : archive->entries()) EXPECT_EQ(entry.data_offset % 64, 0U) << entry.name;
  EXPECT_EQ(content(*archive, "a"), "abc");
  EXPECT_EQ(content(*archive, "archive/data/1"), std::string(1000, 'y'));
  EXPECT_EQ(content(*archive, "empty"), "");
}

TEST(ZipWriter, WritesZip64ForManyEntries) {
  const base::TestFolder folder;
  std::vector<std::pair<std::string, std::string>> entries;
  entries.reserve(70'000);
  for (int i = 0; i < 70'000; ++i) entries.emplace_back("data/" + std::to_string(i), std::to_string(i));
  const auto archive = ZipArchive::open(write(folder / "x.zip", entries));
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  ASSERT_EQ(archive->entries().size(), entries.size());
  EXPECT_EQ(content(*archive, "data/69999"), "69999");
}

}  // namespace
}  // namespace mantissa::format
