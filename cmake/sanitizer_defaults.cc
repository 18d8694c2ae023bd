// Linked into every program that a sanitizer watches: what the engines need so that our own code can be watched.
// The sanitizers' own variables (ASAN_OPTIONS, ...) still come on top. Without a sanitizer this file is not compiled.
#include <cstdlib>

namespace {

// oneTBB, which OpenVINO brings, otherwise loads its parts with RTLD_DEEPBIND, and the sanitizer ends the process.
[[maybe_unused]] const int told = setenv("TBB_ENABLE_SANITIZERS", "1", 0);

}  // namespace

#if defined(__SANITIZE_ADDRESS__)

// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizers' names for them
extern "C" const char* __asan_default_options() {
  // The sanitizer's guess at where a thread's variables begin crashes on those of the engines' prebuilt libraries.
  return "intercept_tls_get_addr=0";
}
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
// What these libraries keep until the process ends is theirs.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libopenvino\nleak:libhwloc\nleak:libtbb\nleak:libonnxruntime\n";
}
// NOLINTEND(bugprone-reserved-identifier)

#elif defined(__SANITIZE_THREAD__)

// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizer's names for them
extern "C" const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1:print_suppressions=0";
}
// These libraries are not built for the sanitizer, which therefore does not see how their threads wait for each other.
extern "C" const char* __tsan_default_suppressions() {
  return "race:libonnxruntime\nrace:libopenvino\nrace:libtbb\nrace:libvips\nrace:libglib\nrace:libz.so\nrace:libpng\n"
         "mutex:libonnxruntime\nmutex:libstdc++\n";
}
// NOLINTEND(bugprone-reserved-identifier)

#endif
