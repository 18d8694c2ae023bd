// Every architecture, declared once; architectures.cc makes the registry of them.
#pragma once

#include "net/architecture.h"

namespace mantissa::net {

extern const Architecture kDncnn;
extern const Architecture kEspcn;
extern const Architecture kSrvgg;

}  // namespace mantissa::net
