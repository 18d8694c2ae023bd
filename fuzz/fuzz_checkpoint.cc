// The zip and the legacy form of PyTorch checkpoints, up to the network that the tensors make.
#include "format/checkpoint/legacy_form.h"
#include "format/checkpoint/zip_form.h"
#include "input.h"
#include "net/architecture.h"

using namespace mantissa;

namespace {

Result<ir::StateDict> read(const base::Bytes& bytes) {
  if (format::is_legacy_form(bytes)) return format::read_legacy_form(bytes);
  MANTISSA_ASSIGN(const format::ZipArchive archive, format::ZipArchive::open(bytes));
  return format::read_zip_form(archive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<ir::StateDict> state = read(fuzz::bytes_of(data, size));
  fuzz::check(state);
  if (state.ok()) fuzz::check(net::network_from_checkpoint(*state));
  return 0;
}
