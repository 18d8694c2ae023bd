// The way back from the gate to repair.
#pragma once

#include <vector>

#include "mantissa/result.h"
#include "release/make_variants.h"
#include "release/picture_set.h"

namespace mantissa::release {

// Forms of eight bits that the gate does not let through are repaired with a narrower aim and judged once more, up to
// three times: calibration pictures may be easier than others. What repair measured is used again. Of the pictures that
// judge, it learns no more than that the form failed.
[[nodiscard]] Result<void> repair_again(std::vector<Draft>& drafts, const Sources& sources, const PictureSet& pictures);

}  // namespace mantissa::release
