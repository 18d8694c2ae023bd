// What single rules do is shown by tests/cases/read_onnx/*.case.
#include "format/onnx/opset.h"

#include <gtest/gtest.h>

namespace mantissa::format {
namespace {

// A change that neither only adds nor has a rule is refused. New ones must be looked at, not overlooked.
TEST(Opset, EveryChangeIsMappedOrKnownToBeRefused) {
  const std::vector<std::string> known = {
      "GroupNormalization 18",  // withdrawn at birth
      "GroupNormalization 21",  // scales per channel instead of per group
  };
  for (const std::string& change : refused_changes()) {
    EXPECT_NE(std::find(known.begin(), known.end(), change), known.end()) << change << " has no rule in opset_rules.cc";
  }
}

TEST(Opset, RulesAreFoundByOperatorAndOpset) {
  EXPECT_NE(opset_rule("Clip", 11), nullptr);
  EXPECT_EQ(opset_rule("Clip", 12), nullptr);
  EXPECT_EQ(opset_rule("Conv", 11), nullptr);
}

TEST(Opset, TellsAdditionsFromChanges) {
  EXPECT_TRUE(only_adds("Conv", 11)) << "only its text changed";
  EXPECT_TRUE(only_adds("Cast", 19)) << "an attribute with a default was added";
  EXPECT_TRUE(only_adds("Pad", 18)) << "an optional input was added";
  EXPECT_FALSE(only_adds("Pad", 11)) << "attributes became inputs";
  EXPECT_FALSE(only_adds("Softmax", 13)) << "a default changed";
  EXPECT_FALSE(only_adds("Upsample", 10)) << "withdrawn";
}

TEST(Opset, NewestIsOneThatWasExamined) {
  EXPECT_GE(newest_opset(), ir::kOpset);
  EXPECT_LE(newest_opset(), 28);
}

}  // namespace
}  // namespace mantissa::format
