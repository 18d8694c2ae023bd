# Runs examples/embed as its user would: a picture restored, and a failure that comes back as the library's exit code.
file(REMOVE "${OUTPUT}")
execute_process(COMMAND "${RESTORE}" "${SOURCE}/examples/sample/sample_x2.pth" "${SOURCE}/examples/pictures/chart.png" "${OUTPUT}"
                RESULT_VARIABLE code)
if(NOT code EQUAL 0 OR NOT EXISTS "${OUTPUT}")
  message(FATAL_ERROR "restoring the chart ended with ${code}")
endif()
execute_process(COMMAND "${RESTORE}" "${SOURCE}/no-such-network.pth" "${SOURCE}/examples/pictures/chart.png" "${OUTPUT}.png"
                RESULT_VARIABLE code ERROR_VARIABLE message)
if(NOT code EQUAL 3 OR NOT message MATCHES "no-such-network")
  message(FATAL_ERROR "a missing network ended with ${code}: ${message}")
endif()
