# Finds third-party libraries: the system's first, then those that tools/setup.py put into its cache.

if(NOT MANTISSA_CACHE)
  if(DEFINED ENV{MANTISSA_CACHE})
    set(mantissa_cache "$ENV{MANTISSA_CACHE}")
  else()
    set(mantissa_cache "$ENV{HOME}/.cache/mantissa")
  endif()
  set(MANTISSA_CACHE "${mantissa_cache}" CACHE PATH "Where tools/setup.py puts what the system does not have")
endif()
set(mantissa_prefix "${MANTISSA_CACHE}/prefix")

# mantissa_require(ONNX 1.16 CONFIG ...): find_package(), with one sentence when it is missing.
macro(mantissa_require package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found: run tools/setup.py, which installs what the build needs.")
  endif()
endmacro()

mantissa_require(Threads)
mantissa_require(PkgConfig)
mantissa_require(nlohmann_json CONFIG)
mantissa_require(CLI11 CONFIG)
mantissa_require(spdlog CONFIG)
mantissa_require(ZLIB)
mantissa_require(OpenSSL COMPONENTS Crypto)
mantissa_require(Protobuf)  # ONNX names its target without looking for it
mantissa_require(ONNX 1.16 CONFIG PATHS "${mantissa_prefix}/onnx")
mantissa_require(OnnxRuntime 1.22)
mantissa_require(OpenVINO CONFIG COMPONENTS Runtime PATHS "${mantissa_prefix}/openvino/cmake")

# libzip's own package file demands its command-line tools, so that one comes through pkg-config too.
pkg_check_modules(libzip QUIET IMPORTED_TARGET libzip)
pkg_check_modules(vips QUIET IMPORTED_TARGET vips-cpp)
foreach(package IN ITEMS libzip vips)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found: run tools/setup.py, which installs what the build needs.")
  endif()
endforeach()

if(NOT MANTISSA_TESTS STREQUAL "OFF")
  find_package(GTest CONFIG QUIET)
  if(MANTISSA_TESTS STREQUAL "ON" AND NOT GTest_FOUND)
    message(FATAL_ERROR "GTest was not found: run tools/setup.py --tests, which installs what the tests need.")
  endif()
endif()
include(GoogleTest)
