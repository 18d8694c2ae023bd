// The Python interpreter with PyTorch or TensorFlow that some tests compare with. For tests.
#pragma once

#include <cstdlib>
#include <string>

namespace mantissa::base {

// One that has the module; empty when there is none.
inline std::string python_with(const std::string& module) {
  for (std::string python : {"python3", "/usr/bin/python3"}) {
    if (std::system((python + " -c 'import " + module + "' >/dev/null 2>&1").c_str()) == 0) return python;
  }
  return {};
}
inline std::string python_with_torch() { return python_with("torch"); }

}  // namespace mantissa::base
