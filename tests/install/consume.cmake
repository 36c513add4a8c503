# SPDX-License-Identifier: BSD-3-Clause
# Installs BUILD and builds and runs CONSUMER against what was installed.
set(prefix ${BUILD}/tests/install/prefix)
set(consumer_build ${BUILD}/tests/install/consumer)
file(REMOVE_RECURSE ${prefix} ${consumer_build})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE verdict OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT verdict EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed:\n${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${consumer_build} -G Ninja
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${consumer_build})
run(${consumer_build}/consumer)
