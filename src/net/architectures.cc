// The one list of architectures. Their order means nothing: at most one may claim a checkpoint.
#include "net/architecture.h"
#include "net/architectures/list.h"

namespace mantissa::net {

std::span<const Architecture> architectures() {
  static const Architecture list[] = {
      kBsrn,    kCraft, kDncnn,  kDrunet,   kEcbsr,    kEdsr,  kEfdn,      kEspcn,   kFfdnet,
      kFsrcnn,  kIat,   kImdn,   kMobilesr, kNafnet,   kPlksr, kRealPlksr, kRfdn,    kRlfn,
      kRrdbnet, kSafmn, kScunet, kSpan,     kSrresnet, kSrvgg, kSwinir,    kZerodce,
  };
  return list;
}

const Architecture* architecture_named(std::string_view name) {
  for (const Architecture& each : architectures()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace mantissa::net
