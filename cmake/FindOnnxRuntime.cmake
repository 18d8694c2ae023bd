# ONNX Runtime as the target onnxruntime::onnxruntime: an installed package, else the library and headers in the cache.
#
# The package that Debian writes asks for targets it does not bring (cpuinfo, ONNX of the same version), so headers and library are
# looked for directly.

find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h
  PATH_SUFFIXES onnxruntime onnxruntime/core/session PATHS "${mantissa_prefix}/onnxruntime/include")
find_library(OnnxRuntime_LIBRARY onnxruntime PATHS "${mantissa_prefix}/onnxruntime/lib")
if(OnnxRuntime_INCLUDE_DIR)
  file(STRINGS "${OnnxRuntime_INCLUDE_DIR}/onnxruntime_c_api.h" version_line REGEX "^#define ORT_API_VERSION +[0-9]+")
  string(REGEX REPLACE ".* ([0-9]+).*" "1.\\1" OnnxRuntime_VERSION "${version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxRuntime REQUIRED_VARS OnnxRuntime_LIBRARY OnnxRuntime_INCLUDE_DIR
  VERSION_VAR OnnxRuntime_VERSION)
mark_as_advanced(OnnxRuntime_INCLUDE_DIR OnnxRuntime_LIBRARY)

if(OnnxRuntime_FOUND AND NOT TARGET onnxruntime::onnxruntime)
  add_library(onnxruntime::onnxruntime SHARED IMPORTED)
  set_target_properties(onnxruntime::onnxruntime PROPERTIES IMPORTED_LOCATION "${OnnxRuntime_LIBRARY}")
  target_include_directories(onnxruntime::onnxruntime SYSTEM INTERFACE "${OnnxRuntime_INCLUDE_DIR}")
endif()
