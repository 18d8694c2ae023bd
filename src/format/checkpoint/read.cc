#include "base/files.h"
#include "format/checkpoint.h"
#include "format/checkpoint/legacy_form.h"
#include "format/checkpoint/zip_form.h"

namespace mantissa::format {
namespace {

Result<ir::StateDict> read_any_form(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const base::Bytes file, base::map_file(path));
  if (is_legacy_form(file)) return read_legacy_form(file);
  if (file.size() < 4 || file.data()[0] != std::byte{'P'} || file.data()[1] != std::byte{'K'}) {
    return bad_input("it is no PyTorch checkpoint", "Give a file that torch.save wrote");
  }
  MANTISSA_ASSIGN(const ZipArchive archive, ZipArchive::open(file));
  const std::string shown = path.filename().string();
  switch (content_of(archive)) {
    case ZipContent::torchscript:
      return unsupported("it is a TorchScript program, not a checkpoint",
                         R"(In Python: torch.save(torch.jit.load(")" + shown + R"(").state_dict(), "weights.pth"))");
    case ZipContent::torch_export:
      return unsupported("it is a program of torch.export, not a checkpoint",
                         R"(In Python: torch.save(torch.export.load(")" + shown + R"(").state_dict, "weights.pth"))");
    case ZipContent::checkpoint:
      return read_zip_form(archive);
    case ZipContent::keras:
    case ZipContent::numpy:
    case ZipContent::other:
      break;
  }
  return bad_input("it is a zip archive, but none that torch.save wrote",
                   "Unpack it, and give the network that is inside");
}

}  // namespace

Result<ir::StateDict> read_checkpoint(const std::filesystem::path& path) {
  return read_any_form(path).in("checkpoint " + path.string());
}

}  // namespace mantissa::format
