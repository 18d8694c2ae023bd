#include "quant/techniques.h"

#include <algorithm>

namespace mantissa::quant {

Result<Techniques> techniques_without(const std::vector<std::string>& names) {
  Techniques techniques;
  for (const std::string& name : names) {
    const auto* const technique = std::find_if(std::begin(kTechniques), std::end(kTechniques),
                                               [&](const Technique& each) { return each.name == name; });
    if (technique == std::end(kTechniques)) {
      std::string all;
      for (const Technique& each : kTechniques) all += (all.empty() ? "" : ", ") + std::string(each.name);
      return usage_error("there is no technique '" + name + "' to do without", "Choose from " + all);
    }
    techniques.*technique->on = false;
  }
  return techniques;
}

}  // namespace mantissa::quant
