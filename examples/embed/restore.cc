// Restores picture files from a program of your own: restore RELEASE|NETWORK INPUT OUTPUT
#include <cstdio>

#include "mantissa/runner.h"

namespace {

int fail(const mantissa::Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return static_cast<int>(error.code);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return std::fprintf(stderr, "usage: restore RELEASE|NETWORK INPUT OUTPUT\n"), 2;
  mantissa::RunnerRequest request;
  request.model = arguments[1];
  const auto runner = mantissa::Runner::open(request);  // once; then any number of pictures, from any thread
  if (!runner.ok()) return fail(runner.error());

  mantissa::RunControl control;
  control.progress = [](int done, int tiles) {
    std::fprintf(stderr, "\r%d of %d tiles", done, tiles);
    return true;  // false stops
  };
  const auto picture = runner->restore_file(arguments[2], arguments[3], {.overwrite = true}, control);
  std::fprintf(stderr, "\n");
  if (!picture.ok()) return fail(picture.error());
  std::printf("%s on %s: %.2f s\n", runner->info().variant.c_str(), runner->info().provider.c_str(), picture->seconds);
  return 0;
}
