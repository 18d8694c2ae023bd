// Bytes that come and go in order: standard input and output, pipes and files. Waiting for the other end of a pipe can
// be stopped, and an end that is gone is an Error, not the end of the process.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/files.h"
#include "mantissa/result.h"

namespace mantissa::base {

// Asked some times a second while a stream waits: true makes the call return an Error (interrupted).
using StopRequest = std::function<bool()>;

class InputStream {
 public:
  // "-" is standard input. Errors: (bad_input) no such file; (usage) standard input is a terminal.
  [[nodiscard]] static Result<InputStream> open(const std::filesystem::path& path);

  // Fills `bytes` unless the stream ends before; how many there were.
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> bytes, const StopRequest& stop);
  // "standard input", or the file's name: for messages.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Descriptor owned_;
  int descriptor_ = -1;
  std::string name_;
};

class OutputStream {
 public:
  // "-" is standard output; a file appears under its name only with finish(). Errors: (usage) standard output is a
  // terminal; (bad_input) those of AtomicFile.
  [[nodiscard]] static Result<OutputStream> open(const std::filesystem::path& path);

  // Errors (bad_input): the reader of a pipe has gone, a full disk.
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes, const StopRequest& stop);
  [[nodiscard]] Result<void> finish();

 private:
  std::optional<AtomicFile> file_;  // none: standard output
};

}  // namespace mantissa::base
