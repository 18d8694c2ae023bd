# The building blocks of src/: parts, modules and the tests of a part.
#
#   part     a folder src/<part>; an object library, so that one shared library holds all of them exactly once
#   module   a folder inside a part that needs a heavy library; a plug-in that base/module.h loads on first use
#   helper   a folder inside a part; a small program that the library runs beside itself
#
# Both accept a folder that has no sources yet.

add_custom_target(tests)  # every test program; they are not part of `all`, so that a demo does not wait for them

# Sources below `folder`, without tests and without the folders of modules.
function(mantissa_sources result folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cc")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  foreach(module IN LISTS ARGN)
    list(FILTER sources EXCLUDE REGEX "^${folder}/${module}/")
  endforeach()
  set(${result} "${sources}" PARENT_SCOPE)
endfunction()

# mantissa_part(NAME [DEPENDS part...] [LIBRARIES target...] [MODULES folder...])
#
# DEPENDS names the parts whose headers this one includes; they must lie below it (tools/check_layers.py).
function(mantissa_part name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;LIBRARIES;MODULES")
  mantissa_sources(sources "${CMAKE_CURRENT_SOURCE_DIR}" ${arg_MODULES})
  list(TRANSFORM arg_DEPENDS PREPEND mantissa_)
  if(MANTISSA_PARTS)
    list(FILTER arg_DEPENDS INCLUDE REGEX "^mantissa_(${wanted_parts})$")
  endif()
  set(target mantissa_${name})
  if(sources)
    add_library(${target} OBJECT ${sources})
    target_link_libraries(${target} PUBLIC mantissa_options ${arg_DEPENDS} ${arg_LIBRARIES})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE mantissa_options ${arg_DEPENDS} ${arg_LIBRARIES})
  endif()
  target_link_libraries(mantissa PRIVATE ${target})
  mantissa_tests(${name} LIBRARIES ${arg_LIBRARIES})
endfunction()

# mantissa_module(NAME [LIBRARIES target...]): the folder NAME becomes lib/mantissa/mantissa_<NAME>.so.
function(mantissa_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  mantissa_sources(sources "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  if(NOT sources)
    return()
  endif()
  set(target mantissa_${name})
  add_library(${target} MODULE ${sources})
  target_link_libraries(${target} PRIVATE mantissa mantissa_options ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE ${mantissa_no_undefined})
  set_target_properties(${target} PROPERTIES
    PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/mantissa"
    INSTALL_RPATH "$ORIGIN;$ORIGIN/..")
  set_property(GLOBAL APPEND PROPERTY MANTISSA_MODULES ${target})
  add_dependencies(tests ${target})
endfunction()

# mantissa_helper(NAME [LIBRARIES target...]): the folder NAME becomes the program lib/mantissa/mantissa_<NAME>, which the library runs
# beside itself.
function(mantissa_helper name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  mantissa_sources(sources "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  set(target mantissa_${name})
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE mantissa_options ${arg_LIBRARIES})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/mantissa"
    INSTALL_RPATH "$ORIGIN;$ORIGIN/..")
  set_property(GLOBAL APPEND PROPERTY MANTISSA_MODULES ${target})
  add_dependencies(tests ${target})
endfunction()

# The unit tests beside a part's code, as <part>_test.
function(mantissa_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  mantissa_test_program(${name} PART mantissa_${name} SOURCES ${sources} LIBRARIES ${arg_LIBRARIES})
endfunction()

# What every test finds in its environment. The Python is the system's, which has the system's packages (torch); with PYTHONPATH set to
# MANTISSA_PYTHONPATH it has those of tools/setup.py --tests (onnx and a newer numpy) instead.
set(mantissa_test_environment
  "MANTISSA_SHARED=${MANTISSA_SHARED}"
  "MANTISSA_BUILD=${PROJECT_BINARY_DIR}"
  "MANTISSA_SANITIZED=${MANTISSA_SANITIZE}"  # which takes time and memory of its own
  "XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/test_home/cache"  # no choice and no provider library of whoever runs the tests
  "XDG_CONFIG_HOME=${PROJECT_BINARY_DIR}/test_home/config"
  "MANTISSA_PYTHON=/usr/bin/python3"
  "MANTISSA_PYTHONPATH=${mantissa_prefix}/python")

# mantissa_test_program(LABEL PART target SOURCES file... [LIBRARIES target...])
#
# The program sees every header that PART sees; our own are not SYSTEM, so that their warnings show. Static libraries are already inside libmantissa.so: a second copy of the ONNX
# messages would register twice and abort, so of those only the headers are taken.
function(mantissa_test_program label)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PART" "SOURCES;LIBRARIES")
  if(NOT arg_SOURCES OR NOT TARGET GTest::gtest_main OR NOT TARGET ${arg_PART})
    return()
  endif()
  set(target ${label}_test)
  add_executable(${target} EXCLUDE_FROM_ALL ${arg_SOURCES})
  add_dependencies(tests ${target})
  target_include_directories(${target} SYSTEM PRIVATE
    "$<FILTER:$<TARGET_PROPERTY:${arg_PART},INTERFACE_INCLUDE_DIRECTORIES>,EXCLUDE,^${PROJECT_SOURCE_DIR}/(src|include)$>")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${arg_PART},INTERFACE_COMPILE_DEFINITIONS>)
  target_link_libraries(${target} PRIVATE mantissa mantissa_options GTest::gtest_main)
  foreach(library IN LISTS arg_LIBRARIES)
    get_target_property(type ${library} TYPE)
    if(NOT type STREQUAL "STATIC_LIBRARY")
      target_link_libraries(${target} PRIVATE ${library})
    endif()
  endforeach()
  gtest_discover_tests(${target}
    TEST_PREFIX "${label}."
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES LABELS "${label}" TIMEOUT 600 ENVIRONMENT "${mantissa_test_environment}")
endfunction()
