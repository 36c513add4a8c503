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
holdfast_must_not_compile(a_root_needs_its_chain_durable compile_fail/a_root_needs_its_chain_durable.cc)
holdfast_must_not_compile(an_unflushed_chain_is_not_durable compile_fail/an_unflushed_chain_is_not_durable.cc)
holdfast_must_not_compile(space_is_not_released_without_evidence compile_fail/space_is_not_released_without_evidence.cc)
holdfast_must_not_compile(evidence_of_another_barrier_is_none compile_fail/evidence_of_another_barrier_is_none.cc)
holdfast_must_not_compile(evidence_is_not_forged compile_fail/evidence_is_not_forged.cc)
holdfast_must_not_compile(evidence_is_not_forged_with_braces compile_fail/evidence_is_not_forged_with_braces.cc)
holdfast_must_not_compile(evidence_is_not_used_twice compile_fail/evidence_is_not_used_twice.cc)
holdfast_must_not_compile(a_page_is_not_written_without_a_dirty_mark compile_fail/a_page_is_not_written_without_a_dirty_mark.cc)
