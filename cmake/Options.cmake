# How everything is compiled and where it lands; no third-party library appears here.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(MANTISSA_CCACHE ccache)
if(MANTISSA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MANTISSA_CCACHE}")
endif()

# Warnings and sanitizers, for our own sources only: third-party headers are SYSTEM.
add_library(mantissa_options INTERFACE)
target_compile_options(mantissa_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  # Without assertions, what only they use is unused; the debug build still tells the others.
  $<$<CONFIG:Release>:-Wno-unused-function -Wno-unused-variable -Wno-unused-but-set-variable -Wno-unused-parameter>
  # GCC 12 alone sees overlapping copies in plain "text" + string at -O3 (its bugs 105329 and 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,12>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${MANTISSA_WERROR}>:-Werror>
  # The same rounding on every processor: a compiler must not fuse a multiply and an add that we wrote apart.
  -ffp-contract=off)
target_compile_definitions(mantissa_options INTERFACE MANTISSA_VERSION="${PROJECT_VERSION}")
target_include_directories(mantissa_options INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
if(MANTISSA_SANITIZE)
  # GCC warns of what its instrumentation itself leaves open ("may be used uninitialized" in an empty std::optional).
  target_compile_options(mantissa_options INTERFACE -fsanitize=${MANTISSA_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(mantissa_options INTERFACE -fsanitize=${MANTISSA_SANITIZE})
  target_sources(mantissa_options INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${PROJECT_SOURCE_DIR}/cmake/sanitizer_defaults.cc>)
endif()

# Libraries say at once what they lack; but clang leaves a sanitizer's own functions to the program.
set(mantissa_no_undefined -Wl,--no-undefined)
if(MANTISSA_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(mantissa_no_undefined "")
endif()

# Where tests look for the shared models, pictures and golden outputs; they skip with a reason where it is absent.
if(NOT DEFINED MANTISSA_SHARED)
  set(MANTISSA_SHARED "${PROJECT_SOURCE_DIR}/../shared")
  if(DEFINED ENV{MANTISSA_SHARED})
    set(MANTISSA_SHARED "$ENV{MANTISSA_SHARED}")
  endif()
endif()
cmake_path(NORMAL_PATH MANTISSA_SHARED)
