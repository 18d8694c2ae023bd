// The networks whose authors' code has left outputs in the shared material, and how near the rebuilt ones come.
#pragma once

#include <ostream>
#include <span>

#include "architectures_shared.h"
#include "net/network.h"

namespace mantissa::test {

struct Golden {
  const char* name;        // the folder under golden/
  const char* checkpoint;  // under models/
  const char* architecture;
  net::Colour colour;
  int scale;
  int radius;  // -1: global
  int stride;
  int size_multiple;
  double macs;  // per input pixel
  double tolerance = 1e-5;
  float range_high = 1;
  bool range_told = false;  // the keys do not say it
  float range_low = 0;
};
void PrintTo(const Golden& golden, std::ostream* out);

[[nodiscard]] std::span<const Golden> goldens();
[[nodiscard]] Result<net::Network> network_of(const Golden& golden);

// The largest difference, as a fraction of the range of what is expected.
[[nodiscard]] double difference(const Array& expected, const Array& found);
// The same over both pairs of a golden. Test failures and infinity where something goes wrong.
[[nodiscard]] double largest_error(const Golden& golden, const net::Network& network);

}  // namespace mantissa::test
