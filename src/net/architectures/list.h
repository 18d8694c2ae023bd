// Every architecture, declared once; architectures.cc makes the registry of them.
#pragma once

#include "net/architecture.h"

namespace mantissa::net {

extern const Architecture kBsrn;
extern const Architecture kCraft;
extern const Architecture kDncnn;
extern const Architecture kEdsr;
extern const Architecture kEfdn;
extern const Architecture kEspcn;
extern const Architecture kFfdnet;
extern const Architecture kFsrcnn;
extern const Architecture kIat;
extern const Architecture kMobilesr;
extern const Architecture kRfdn;
extern const Architecture kRlfn;
extern const Architecture kRrdbnet;
extern const Architecture kSafmn;
extern const Architecture kSpan;
extern const Architecture kSrresnet;
extern const Architecture kSrvgg;
extern const Architecture kZerodce;

}  // namespace mantissa::net
