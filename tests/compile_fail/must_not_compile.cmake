# SPDX-License-Identifier: BSD-3-Clause
# Compiles SNIPPET twice; see compile_fail.cmake.
function(compile verdict_variable messages_variable)
  execute_process(COMMAND ${COMPILER} -std=c++23 -fsyntax-only -Wall -Wextra -Werror
                          -I${INCLUDE} -I${INCLUDE}/include ${ARGN} ${SNIPPET}
                  RESULT_VARIABLE verdict ERROR_VARIABLE messages)
  set(${verdict_variable} ${verdict} PARENT_SCOPE)
  set(${messages_variable} "${messages}" PARENT_SCOPE)
endfunction()

file(STRINGS ${SNIPPET} expectation REGEX "^// Expected error: ")
string(REPLACE "// Expected error: " "" expected "${expectation}")
if(NOT expected)
  message(FATAL_ERROR "${SNIPPET} does not say which error it expects")
endif()

compile(verdict messages -DHOLDFAST_TWIN)
if(NOT verdict EQUAL 0)
  message(FATAL_ERROR "the twin must compile:\n${messages}")
endif()
compile(verdict messages)
if(verdict EQUAL 0)
  message(FATAL_ERROR "it compiles, and must not")
endif()
if(NOT messages MATCHES "${expected}")
  message(FATAL_ERROR "it is rejected, but not for `${expected}`:\n${messages}")
endif()
