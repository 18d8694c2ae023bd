// Pictures that a library can only take as a whole: whether they fit is asked before any work is done.
#pragma once

#include <string>

#include "mantissa/result.h"

namespace mantissa::image {

// Errors (unsupported): `bytes` are more than the machine has free. `doing` goes on from "the picture".
[[nodiscard]] Result<void> check_held(double bytes, const std::string& doing);

}  // namespace mantissa::image
