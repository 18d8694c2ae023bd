// What an engine computes in that a file has in float32: a setting of the session, which the manifest states.
#pragma once

#include <filesystem>
#include <vector>

#include "mantissa/result.h"
#include "net/network.h"
#include "release/make_variants.h"
#include "release/picture_set.h"

namespace mantissa::release {

// Where other floats than the file's are allowed, whether they are faster: between them and integers the engine may have
// to convert more. The draft then has its speed too.
[[nodiscard]] Result<void> choose_floats(Draft& draft, const std::filesystem::path& folder,
                                         const net::Network& network);

// Files that fail with slower floats than they need are judged once more with float32: repair saw tiles, where the gate
// sees whole pictures.
[[nodiscard]] Result<void> judge_in_float32(std::vector<Draft>& drafts, const std::filesystem::path& folder,
                                            const net::Task& task, const PictureSet& pictures);

}  // namespace mantissa::release
