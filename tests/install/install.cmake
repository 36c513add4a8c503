# SPDX-License-Identifier: BSD-3-Clause
# A stranger's program: installs this build into a folder of its own, finds it there with find_package,
# links and runs. A sanitizer's archive needs the sanitizer in the program too, which a stranger would not
# know.
if(NOT HOLDFAST_SANITIZE)
  add_test(NAME install.consumer
           COMMAND ${CMAKE_COMMAND}
                   -DBUILD=${PROJECT_BINARY_DIR}
                   -DCOMPILER=${CMAKE_CXX_COMPILER}
                   -DCONSUMER=${CMAKE_CURRENT_SOURCE_DIR}/install/consumer
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/install/consume.cmake)
  set_tests_properties(install.consumer PROPERTIES TIMEOUT 300)
endif()
