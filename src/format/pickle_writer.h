// Writes the few pickle instructions that a state dict needs, protocol 2.
//
// Without a memo: what repeats is written again, which costs about 150 bytes a tensor and keeps both sides simple.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "format/pickle_opcodes.h"

namespace mantissa::format {

class PickleWriter {
 public:
  PickleWriter();
  void op(PickleOpcode opcode) { out_ += static_cast<char>(opcode); }
  void text(std::string_view utf8);
  void integer(std::int64_t value);
  void integers(std::span<const std::int64_t> values);  // a tuple
  void boolean(bool value) { op(value ? PickleOpcode::newtrue : PickleOpcode::newfalse); }
  void name(std::string_view full);  // "torch.FloatStorage"
  void ordered_dict();               // an empty one

  // Ends the pickle.
  [[nodiscard]] std::string finish() &&;

 private:
  std::string out_;
};

}  // namespace mantissa::format
