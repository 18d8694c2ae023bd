#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "base/test_folder.h"

namespace mantissa::base {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  auto text = read_text(path);
  return text.ok() ? *text : "cannot be read: " + text.error().message();
}

TEST(Files, MapsWhatWasWritten) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "a.txt", "hello").ok());
  Bytes kept;
  {
    const auto mapped = map_file(folder / "a.txt");
    ASSERT_TRUE(mapped.ok());
    kept = mapped->part(1, 3);
  }
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(std::to_integer<char>(kept.data()[0]), 'e');
  EXPECT_EQ(text_of(folder / "a.txt"), "hello");
}

TEST(AtomicFile, IsWrittenInAnyOrder) {
  const TestFolder folder;
  auto file = AtomicFile::create(folder / "a");
  ASSERT_TRUE(file.ok());
  const auto put = [&](std::uint64_t offset, std::string_view text) {
    ASSERT_TRUE(file->write_at(offset, std::as_bytes(std::span(text))).ok());
    file->begin_flush(offset, text.size());
    file->finish_flush(offset, text.size());
  };
  put(5, "world");
  put(0, "hello");
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(text_of(folder / "a"), "helloworld");
}

TEST(Files, SaysWhyItCannotRead) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "empty", "").ok());
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto message = [](const fs::path& path) {
    const auto result = map_file(path);
    return result.ok() ? "ok" : result.error().message();
  };
  const std::string start = "\"" + folder.path().string();
  EXPECT_EQ(message(folder / "none"), "there is no file " + start + "/none\".");
  EXPECT_EQ(message(folder.path()), start + "\" is a folder, not a file.");
  EXPECT_EQ(message(folder / "empty"), "the file " + start + "/empty\" is empty.");
  EXPECT_EQ(message(folder / "pipe"), start + "/pipe\" is not a regular file.");
  EXPECT_EQ(message(folder / "empty/x"), "cannot read " + start + "/empty/x\": Not a directory.");
  EXPECT_EQ(text_of(folder / "empty"), "");
  EXPECT_EQ(map_file(folder / "none").error().code, ErrorCode::bad_input);
}

TEST(AtomicFile, AppearsOnlyWithCommit) {
  const TestFolder folder;
  {
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("one").ok());
    ASSERT_TRUE(file->write(std::as_bytes(std::span("two", 3))).ok());
    EXPECT_FALSE(fs::exists(folder / "a"));
    EXPECT_EQ(file->temporary_path().parent_path(), folder.path());
    EXPECT_EQ(file->temporary_path().filename().string().rfind(".a.mantissa-", 0), 0U);
    ASSERT_TRUE(file->commit().ok());
    EXPECT_EQ(text_of(folder / "a"), "onetwo");
    EXPECT_FALSE(file->commit().ok());
  }
  EXPECT_EQ(text_of(folder / "a"), "onetwo");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, LeavesNothingAndTheOldFileWithoutCommit) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "a", "old").ok());
  {
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("new").ok());
    AtomicFile moved = std::move(*file);
    EXPECT_EQ(folder.entries(), 2U);
    auto other = AtomicFile::create(folder / "b");
    ASSERT_TRUE(other.ok());
    *other = std::move(moved);  // gives up b
    EXPECT_EQ(folder.entries(), 2U);
  }
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, ReplacesAndKeepsPermissionsAndLinks) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "a", "old").ok());
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", folder / "link");
  ASSERT_TRUE(write_text(folder / "link", "new").ok());
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(text_of(folder / "a"), "new");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(AtomicFile, RefusesWhatIsNoFile) {
  const TestFolder folder;
  const auto code = [](const fs::path& path) {
    const auto result = write_text(path, "x");
    return result.ok() ? 0 : static_cast<int>(result.error().code);
  };
  const int refused = static_cast<int>(ErrorCode::bad_input);
  EXPECT_EQ(code("/dev/null"), refused);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(code(folder.path()), refused);
  EXPECT_EQ(code(folder / "a/"), refused);
  EXPECT_EQ(code(""), refused);
  EXPECT_EQ(code(folder / "none/a"), refused);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFile, TakesTheLongestNames) {
  const TestFolder folder;
  const std::string name(255, 'n');
  EXPECT_TRUE(write_text(folder / name, "x").ok());
  EXPECT_EQ(text_of(folder / name), "x");
}

// Runs `body` in a process of its own, because limits and signals belong to a process; its exit code.
template <class Body>
int exit_code_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(AtomicFile, AFullDiskIsAnErrorAndLeavesNothing) {
  const TestFolder folder;
  const int code = exit_code_of_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto file = AtomicFile::create(folder / "a");
    if (!file.ok() || !file->write(std::string(900, 'x')).ok()) return 1;
    const auto result = file->write(std::string(900, 'x'));  // a part of it fits
    if (result.ok() || result.error().code != ErrorCode::bad_input) return 2;
    return result.error().message().find("/a\": File too large. Raise the limit") != std::string::npos ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
  // The child ended without destructors but after leaving the scope of the file.
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFolder, AppearsWithEverythingInIt) {
  const TestFolder folder;
  auto release = AtomicFolder::create(folder / "release/");
  ASSERT_TRUE(release.ok());
  ASSERT_TRUE(fs::create_directory(release->temporary_path() / "fp32"));
  ASSERT_TRUE(write_text(release->temporary_path() / "fp32/a", "x").ok());
  EXPECT_FALSE(fs::exists(folder / "release"));
  ASSERT_TRUE(release->commit().ok());
  EXPECT_EQ(text_of(folder / "release/fp32/a"), "x");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFolder, NeverReplaces) {
  const TestFolder folder;
  ASSERT_TRUE(fs::create_directory(folder / "taken"));
  const auto refused = AtomicFolder::create(folder / "taken");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(),
            "\"" + (folder / "taken").string() + "\" exists already. Remove it first, or choose another name.");
  {
    auto late = AtomicFolder::create(folder / "late");
    ASSERT_TRUE(late.ok());
    ASSERT_TRUE(write_text(late->temporary_path() / "a", "x").ok());
    ASSERT_TRUE(fs::create_directory(folder / "late"));  // somebody was faster; rename() would replace an empty folder
    const auto result = late->commit();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::bad_input);
    EXPECT_TRUE(fs::is_empty(folder / "late"));
  }
  EXPECT_EQ(folder.entries(), 2U);
}

TEST(RemoveUnfinishedFiles, RemovesFilesAndWholeFoldersAndNothingElse) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "done", "x").ok());
  // In a child, since the table must not be used afterwards.
  const int code = exit_code_of_child([&] {
    auto file = AtomicFile::create(folder / "a");
    auto tree = AtomicFolder::create(folder / "tree");
    auto finished = AtomicFile::create(folder / "finished");
    if (!file.ok() || !tree.ok() || !finished.ok() || !finished->commit().ok()) return 1;
    const fs::path deep = tree->temporary_path() / "int8/deep";
    fs::create_directories(deep);
    fs::create_symlink(folder.path(), deep / "link");
    for (int i = 0; i < 300; ++i) {
      if (!write_text(deep / ("a rather long name " + std::to_string(i)), "x").ok()) return 2;
    }
    auto nested = AtomicFile::create(deep / "nested");
    if (!nested.ok() || folder.entries() != 4) return 3;
    remove_unfinished_files();
    return folder.entries() == 2 ? 0 : 4;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(text_of(folder / "done"), "x");
  EXPECT_TRUE(fs::exists(folder / "finished"));
}

TEST(RemoveUnfinishedFiles, SurvivesAFullTable) {
  const TestFolder folder;
  const int code = exit_code_of_child([&] {
    std::vector<AtomicFile> files;
    for (int i = 0; i < 100; ++i) {
      auto file = AtomicFile::create(folder / std::to_string(i));
      if (!file.ok()) return 1;
      files.push_back(*std::move(file));
    }
    files.clear();
    if (folder.entries() != 0) return 2;
    auto after = AtomicFile::create(folder / "after");  // slots are free again
    remove_unfinished_files();
    return folder.entries() == 0 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST(Sha256, OfTheExamplesOfTheStandard) {
  const auto hash = [](std::string_view text) { return sha256(std::as_bytes(std::span(text))); };
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFile) {
  const TestFolder folder;
  ASSERT_TRUE(write_text(folder / "abc", "abc").ok());
  EXPECT_EQ(*sha256_of_file(folder / "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_FALSE(sha256_of_file(folder / "none").ok());
}

}  // namespace
}  // namespace mantissa::base
