// The files and folders that are on disk under a temporary name: a table that a signal handler can read.
//
// Fixed in size, because a signal handler may not wait for the lock of a growing one. When it is full, or a path is too
// long, an entry is left out: then only a second Ctrl-C leaves it behind.
#pragma once

#include <filesystem>

namespace mantissa::base {

class Unfinished {
 public:
  // Enters what has just been created.
  explicit Unfinished(const std::filesystem::path& path);
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

 private:
  int slot_ = -1;
};

}  // namespace mantissa::base
