# SPDX-License-Identifier: BSD-3-Clause
# holdfast_must_not_compile(NAME FILE): a test that passes if the compiler rejects FILE for the reason that
# the file expects, and accepts its twin: the same file with HOLDFAST_TWIN defined, where one line is right.
# Without the twin a snippet that is broken for any other reason would pass for ever.
#
# The file says what it expects in its second line, as a regular expression: `// Expected error: ...`.
function(holdfast_must_not_compile name file)
  add_test(NAME compile_fail.${name}
           COMMAND ${CMAKE_COMMAND}
                   -DCOMPILER=${CMAKE_CXX_COMPILER}
                   -DINCLUDE=${PROJECT_SOURCE_DIR}/engine
                   -DSNIPPET=${CMAKE_CURRENT_SOURCE_DIR}/${file}
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/must_not_compile.cmake)
endfunction()

holdfast_must_not_compile(a_page_is_no_cluster compile_fail/a_page_is_no_cluster.cc)
holdfast_must_not_compile(a_result_is_not_ignored compile_fail/a_result_is_not_ignored.cc)
foreach(way_around_the_evidence
        a_root_needs_its_chain_durable
        an_unflushed_chain_is_not_durable
        space_is_not_released_without_evidence
        evidence_of_another_barrier_is_none
        evidence_is_not_forged
        evidence_is_not_forged_with_braces
        evidence_is_not_used_twice
        a_page_is_not_written_without_a_dirty_mark)
  holdfast_must_not_compile(${way_around_the_evidence} compile_fail/${way_around_the_evidence}.cc)
endforeach()
