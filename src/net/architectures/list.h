// Every architecture, declared once; architectures.cc makes the registry of them.
#pragma once

#include "net/architecture.h"

namespace mantissa::net {

extern const Architecture kBsrn;
extern const Architecture kCraft;
extern const Architecture kDncnn;
extern const Architecture kDrunet;
extern const Architecture kEcbsr;
extern const Architecture kEdsr;
extern const Architecture kEfdn;
extern const Architecture kEspcn;
extern const Architecture kFfdnet;
extern const Architecture kFsrcnn;
extern const Architecture kIat;
extern const Architecture kImdn;
extern const Architecture kMobilesr;
extern const Architecture kNafnet;
extern const Architecture kPlksr;
extern const Architecture kRealPlksr;
extern const Architecture kRfdn;
extern const Architecture kRlfn;
extern const Architecture kRrdbnet;
extern const Architecture kSafmn;
extern const Architecture kScunet;
extern const Architecture kSpan;
extern const Architecture kSrresnet;
extern const Architecture kSrvgg;
extern const Architecture kSwinir;
extern const Architecture kZerodce;

}  // namespace mantissa::net
