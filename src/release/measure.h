// How fast a file of the release is here, and how much of it an engine computes in integers.
#pragma once

#include <filesystem>
#include <string>

#include "base/number_format.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "release/make_variants.h"

namespace mantissa::release {

// On one provider: adds to the draft's speeds, and states its share of integers.
[[nodiscard]] Result<void> measure_on(Draft& draft, const std::string& provider, const std::filesystem::path& folder,
                                      const net::Network& network);

// On the providers that may run the file here, fastest first. Does nothing for a draft that has speeds, and for one that
// nothing here executes.
[[nodiscard]] Result<void> measure(Draft& draft, const std::filesystem::path& folder, const net::Network& network);

}  // namespace mantissa::release
