// The zip form of torch.save (PyTorch 1.6 and newer):
// <name>/data.pkl, <name>/data/<key>, <name>/version, <name>/byteorder.
#pragma once

#include <string>

#include "format/zip_reader.h"
#include "ir/state_dict.h"

namespace mantissa::format {

// What somebody's zip archive is.
enum class ZipContent { checkpoint, torchscript, torch_export, keras, numpy, other };
[[nodiscard]] ZipContent content_of(const ZipArchive& archive);

// Errors: those of read_checkpoint(), for an archive.
[[nodiscard]] Result<ir::StateDict> read_zip_form(const ZipArchive& archive);

}  // namespace mantissa::format
