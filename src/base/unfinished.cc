#include "base/unfinished.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "base/files.h"

namespace mantissa::base {
namespace {

// A slot that is `removing` is never used again, so that the handler does not read a path while it changes.
enum class Use : int { free, filling, ready, removing };

struct Slot {
  std::atomic<Use> use = Use::free;
  std::array<char, 4096> path;
};

static_assert(std::atomic<Use>::is_always_lock_free, "a signal handler reads it");

std::array<Slot, 64> slots;

// From here on only async-signal-safe calls. Neither opendir() nor fork() is one in a process with threads, so folders
// are read with the system call below them.
constexpr int deepest_folder = 16;

void remove_folder(int parent, const char* name, int depth);

#ifdef __linux__

struct Entry {  // linux_dirent64
  std::uint64_t inode;
  std::int64_t next;
  unsigned short length;
  unsigned char type;
  char name[1];  // as long as `length` says
};

bool is_itself_or_parent(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

void remove_entries(int folder, int depth) {
  alignas(Entry) std::array<char, 2048> buffer;
  for (;;) {
    const long filled = ::syscall(SYS_getdents64, folder, buffer.data(), buffer.size());
    if (filled <= 0) return;
    for (long at = 0; at < filled;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer.data() + at);
      const char* name = buffer.data() + at + offsetof(Entry, name);
      at += entry->length;
      if (is_itself_or_parent(name) || ::unlinkat(folder, name, 0) == 0) continue;
      if (depth < deepest_folder) remove_folder(folder, name, depth + 1);
    }
  }
}

#else

// Elsewhere a folder that is not empty stays behind.
void remove_entries(int, int) {}

#endif

void remove_folder(int parent, const char* name, int depth) {
  // Another thread may still be writing into it, and some file systems skip entries while others are removed:
  // a few attempts.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const int folder = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    remove_entries(folder, depth);
    ::close(folder);
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0) return;
  }
}

}  // namespace

Unfinished::Unfinished(const std::filesystem::path& path) {
  const std::string& text = path.native();
  if (text.size() >= slots[0].path.size()) return;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Use expected = Use::free;
    if (!slots[i].use.compare_exchange_strong(expected, Use::filling)) continue;
    std::memcpy(slots[i].path.data(), text.c_str(), text.size() + 1);
    slots[i].use = Use::ready;
    slot_ = static_cast<int>(i);
    return;
  }
}

Unfinished::~Unfinished() {
  if (slot_ < 0) return;
  Use expected = Use::ready;
  slots[static_cast<std::size_t>(slot_)].use.compare_exchange_strong(expected, Use::free);
}

void remove_unfinished_files() noexcept {
  const int error_number = errno;
  for (Slot& slot : slots) {
    Use expected = Use::ready;
    if (!slot.use.compare_exchange_strong(expected, Use::removing)) continue;
    if (::unlink(slot.path.data()) != 0) remove_folder(AT_FDCWD, slot.path.data(), 0);
  }
  errno = error_number;
}

}  // namespace mantissa::base
