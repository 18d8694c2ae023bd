// No tests: what the engines need so that the others run under the address sanitizer.
#if defined(__SANITIZE_ADDRESS__)

#include <cstdlib>

namespace {

// oneTBB, which OpenVINO brings, otherwise loads its parts with RTLD_DEEPBIND, and the sanitizer ends the process.
[[maybe_unused]] const int told = setenv("TBB_ENABLE_SANITIZERS", "1", 0);

}  // namespace

// What these libraries keep until the process ends is theirs.
extern "C" const char*
__lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier): the sanitizer's name for it
  return "leak:libopenvino\nleak:libhwloc\nleak:libtbb\nleak:libonnxruntime\n";
}

#endif
