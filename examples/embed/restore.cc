// Restores a picture from a program of your own: restore RELEASE|NETWORK INPUT OUTPUT
#include <cstdio>

#include "mantissa/run.h"

int main(int count, char** arguments) {
  if (count != 4) return std::fprintf(stderr, "usage: restore RELEASE|NETWORK INPUT OUTPUT\n"), 2;
  mantissa::RunRequest request;
  request.model = arguments[1];
  request.inputs = {arguments[2]};
  request.output = arguments[3];
  const auto summary = mantissa::restore_pictures(request);
  if (!summary.ok()) {
    std::fprintf(stderr, "%s\n", summary.error().message().c_str());
    return static_cast<int>(summary.error().code);
  }
  std::printf("%s on %s: %.2f s\n", summary->variant.c_str(), summary->provider.c_str(), summary->pictures[0].seconds);
  return 0;
}
