// The gate's run over the evaluation pictures: every written file beside fp32, picture by picture.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "mantissa/result.h"
#include "net/network.h"
#include "release/make_variants.h"
#include "release/picture_set.h"

namespace mantissa::release {

// The PSNR, in dB, that fp32 reaches against the true pictures, the mean over at most five of them: what the loss that
// the gate allows means for this network. nullopt without true pictures.
[[nodiscard]] Result<std::optional<double>> psnr_of_fp32(const net::Network& network, const PictureSet& pictures);

// Fills in each draft's verdict. Files are read back from `folder`; each evaluation picture is read once.
// A file that its engine refuses fails its verdict with the engine's sentence; it is no Error of the release.
[[nodiscard]] Result<void> judge(std::vector<Draft>& drafts, const std::filesystem::path& folder, const net::Task& task,
                                 const PictureSet& pictures);

}  // namespace mantissa::release
