#include "mantissa/result.h"

namespace mantissa {

std::string Error::message() const {
  std::string text;
  for (const std::string& place : where) text += place + ": ";
  text += what;
  text += '.';
  if (!advice.empty()) text += " " + advice + ".";
  return text;
}

}  // namespace mantissa
