# SPDX-License-Identifier: BSD-3-Clause
# The checks that hold the house together (ci/check), as tests.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME house.self_test COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/ci/check --self-test)
add_test(NAME house.checks COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/ci/check)
set_tests_properties(house.self_test house.checks PROPERTIES LABELS house TIMEOUT 300)
