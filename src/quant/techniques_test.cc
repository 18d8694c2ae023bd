#include "quant/techniques.h"

#include <gtest/gtest.h>

namespace mantissa::quant {
namespace {

TEST(TechniquesWithout, EachNameSwitchesItsOwnOff) {
  for (const Technique& technique : kTechniques) {
    const Techniques techniques = techniques_without({std::string(technique.name)}).value();
    for (const Technique& each : kTechniques) EXPECT_EQ(techniques.*each.on, &each != &technique) << each.name;
  }
}

TEST(TechniquesWithout, ListsThoseThatThereAre) {
  const auto none = techniques_without({"gptq", "luck"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::usage);
  EXPECT_NE(none.error().message().find("luck"), std::string::npos);
  EXPECT_NE(none.error().message().find("least-squares, equalization"), std::string::npos);
}

}  // namespace
}  // namespace mantissa::quant
