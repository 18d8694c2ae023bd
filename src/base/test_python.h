// The Python interpreter with PyTorch that some tests compare with. For tests.
#pragma once

#include <cstdlib>
#include <string>

namespace mantissa::base {

// Empty when there is none.
inline std::string python_with_torch() {
  for (std::string python : {"python3", "/usr/bin/python3"}) {
    if (std::system((python + " -c 'import torch' >/dev/null 2>&1").c_str()) == 0) return python;
  }
  return {};
}

}  // namespace mantissa::base
