# What `cmake --install` copies: a folder that runs from anywhere, with the libraries of the cache that modules need.
#
#   bin/mantissa   lib/libmantissa.so   lib/mantissa/mantissa_*.so and their libraries   include/mantissa/   lib/cmake/mantissa/

install(TARGETS mantissa EXPORT mantissa LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/mantissa" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/mantissa")

# find_package(mantissa) in a program that embeds the library (examples/embed).
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/mantissa")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mantissa-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/mantissa-config-version.cmake" DESTINATION "${package_folder}")
install(EXPORT mantissa NAMESPACE mantissa:: FILE mantissa-config.cmake DESTINATION "${package_folder}")

if(TARGET mantissa_cli)
  install(TARGETS mantissa_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

set(module_folder "${CMAKE_INSTALL_LIBDIR}/mantissa")
get_property(modules GLOBAL PROPERTY MANTISSA_MODULES)
if(modules)
  install(TARGETS ${modules} LIBRARY DESTINATION "${module_folder}" RUNTIME DESTINATION "${module_folder}")
endif()

# Engines that came from the cache go along with their licences; the system's own stay where they are.
string(FIND "${OnnxRuntime_LIBRARY}" "${mantissa_prefix}/" position)
if(TARGET mantissa_onnxruntime AND position EQUAL 0)
  install(DIRECTORY "${mantissa_prefix}/onnxruntime/lib/" DESTINATION "${module_folder}" USE_SOURCE_PERMISSIONS
    PATTERN "libonnxruntime.so" EXCLUDE)
  install(DIRECTORY "${mantissa_prefix}/onnxruntime/licenses/" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/mantissa/onnxruntime")
endif()
string(FIND "${OpenVINO_DIR}" "${mantissa_prefix}/" position)
if(TARGET mantissa_openvino AND position EQUAL 0)
  # Of the frontends only those for the files that we write; plug-ins and TBB are found beside libopenvino.so.
  install(DIRECTORY "${mantissa_prefix}/openvino/libs/" DESTINATION "${module_folder}" USE_SOURCE_PERMISSIONS
    PATTERN "libopenvino_*_frontend.so*" EXCLUDE
    PATTERN "*.pc" EXCLUDE)
  file(GLOB frontends "${mantissa_prefix}/openvino/libs/libopenvino_onnx_frontend.so*"
       "${mantissa_prefix}/openvino/libs/libopenvino_ir_frontend.so*")
  install(PROGRAMS ${frontends} DESTINATION "${module_folder}")
  install(DIRECTORY "${mantissa_prefix}/openvino/licenses/" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/mantissa/openvino")
endif()
string(FIND "${ONNX_DIR}" "${mantissa_prefix}/" position)
if(position EQUAL 0)  # linked in
  install(DIRECTORY "${mantissa_prefix}/onnx/licenses/" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/mantissa/onnx")
endif()
