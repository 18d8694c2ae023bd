// The table of the providers that there could be: what each is called in its engine, what brings it, which files of a
// release suit it, and the options that it gets. Data only; whether one is here is asked of the engine.
#pragma once

#include <span>

#include "run/provider.h"

namespace mantissa::run {

// Those that mantissa brings come first; there are kOwnProviders of them.
[[nodiscard]] std::span<const ProviderDescriptor> known_providers();
inline constexpr std::size_t kOwnProviders = 2;

}  // namespace mantissa::run
