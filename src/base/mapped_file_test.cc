#include "base/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/large_pages.h"
#include "base/test_folder.h"

namespace mantissa::base {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSize = (std::size_t{9} << 20U) + 4711;  // more than one piece, and no multiple of anything

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761U >> 24U);
  return text;
}

// Takes a file out of the system's cache, so that it is read from the disk.
void forget(const fs::path& path) {
#if defined(POSIX_FADV_DONTNEED)
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ::fsync(file.get());
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
#endif
}

Result<std::string> read(const Rows& rows, std::size_t misaligned = 0) {
  PartReader reader([] { return false; });
  const std::size_t size = PartReader::room_for(rows);
  const auto room = large_pages(std::max(size + misaligned, std::size_t{4} << 20U));
  MANTISSA_ASSIGN(const auto bytes, reader.read(rows, {room.get() + misaligned, size}));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void expect_all_parts(const fs::path& path) {
  const std::string text = text_of(kSize);
  ASSERT_TRUE(write_text(path, text).ok());
  for (const bool cached : {true, false}) {
    const auto file = map_file(path);
    ASSERT_TRUE(file.ok());
    for (const auto& [offset, size] : {std::pair<std::size_t, std::size_t>{0, kSize},
                                       {0, 1},
                                       {4095, 2},
                                       {8192, 4096},
                                       {kSize - 1, 1},
                                       {12345, 5000000},
                                       {kSize - 5000001, 5000001}}) {
      if (!cached) forget(path);
      for (const std::size_t misaligned : {0, 1}) {  // no room for direct reading
        const auto found = read(Rows::of(file->part(offset, size)), misaligned);
        ASSERT_TRUE(found.ok()) << found.error().message();
        EXPECT_TRUE(*found == text.substr(offset, size)) << path << " " << offset << " " << size << " " << misaligned;
      }
    }
  }
}

TEST(PartReader, AnyPartOfAFile) { expect_all_parts(TestFolder() / "a"); }

TEST(PartReader, OnAFileSystemInMemory) {
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "there is no /dev/shm";
  const fs::path path = "/dev/shm/mantissa-part-reader-" + std::to_string(::getpid());
  expect_all_parts(path);
  fs::remove(path);
}

TEST(PartReader, RowsWithGaps) {
  const TestFolder folder;
  const std::string text = text_of(kSize);
  ASSERT_TRUE(write_text(folder / "a", text).ok());
  const auto file = map_file(folder / "a");
  ASSERT_TRUE(file.ok());
  const Rows rows{file->part(77, 5000 * 1800 + 100), 100, 1800};
  EXPECT_EQ(rows.count(), 5001U);
  std::string wanted;
  for (std::size_t row = 0; row < rows.count(); ++row) wanted += text.substr(77 + row * 1800, 100);
  forget(folder / "a");
  const auto found = read(rows);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_TRUE(*found == wanted);
}

TEST(PartReader, AFileThatChangesIsAnError) {
  const TestFolder folder;
  const auto refused = [&](const char* says, auto&& change) {
    ASSERT_TRUE(write_text(folder / "a", text_of(kSize)).ok());
    const auto file = map_file(folder / "a");
    ASSERT_TRUE(file.ok());
    change();
    for (const Rows& rows : {Rows::of(*file), Rows{*file, 4711, 1U << 20U}}) {
      const auto found = read(rows);
      ASSERT_FALSE(found.ok()) << says;
      EXPECT_EQ(found.error().code, ErrorCode::bad_input);
      EXPECT_NE(found.error().message().find(says), std::string::npos) << found.error().message();
    }
  };
  refused("was shortened", [&] { fs::resize_file(folder / "a", kSize - 5000); });
  refused("was shortened", [&] { fs::resize_file(folder / "a", 0); });
  refused("replaced", [&] { ASSERT_TRUE(write_text(folder / "a", text_of(kSize)).ok()); });
  refused("removed", [&] { fs::remove(folder / "a"); });
}

TEST(PartReader, StopsWhenAsked) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "a", text_of(kSize)).ok());
  const Rows all = Rows::of(*map_file(folder / "a"));
  int asked = 0;
  PartReader reader([&] { return ++asked == 2; });
  const auto room = large_pages(PartReader::room_for(all));
  EXPECT_EQ(reader.read(all, {room.get(), PartReader::room_for(all)}).error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace mantissa::base
