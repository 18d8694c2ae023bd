#include "mantissa/version.h"

namespace mantissa {

std::string_view version() { return MANTISSA_VERSION; }

}  // namespace mantissa
