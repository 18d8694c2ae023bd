#include "mantissa/result.h"

#include "base/readable.h"

namespace mantissa {

namespace {

// "picture a/b.png" and what went wrong with "a/b.png": said once is enough.
bool names(const std::string& what, const std::string& place) {
  const std::size_t space = place.find(' ');
  const std::string path = space == std::string::npos ? place : place.substr(space + 1);
  return what.find('"' + path + '"') != std::string::npos;
}

}  // namespace

// Names come from files, in any length and with any bytes.
std::string Error::message() const {
  std::string text;
  for (const std::string& place : where)
    if (!names(what, place)) text += base::readable(place) + ": ";
  text += base::readable(what);
  text += '.';
  if (!advice.empty()) text += " " + base::readable(advice) + ".";
  return text;
}

}  // namespace mantissa
