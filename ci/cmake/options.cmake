# SPDX-License-Identifier: BSD-3-Clause
# Flags for Holdfast's own targets; a user's targets get none of them.

find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${HOLDFAST_CCACHE})
endif()
find_program(HOLDFAST_MOLD mold)
if(HOLDFAST_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Paths in assertions and debug data do not depend on where the tree lies.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

if(HOLDFAST_SANITIZE)
  add_compile_options(-fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
endif()

function(holdfast_own target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough)
  if(HOLDFAST_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND HOLDFAST_SANITIZE)
    # gcc 12 takes a coroutine promise's own operator new for a mismatched pair under sanitizers.
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete -Wno-maybe-uninitialized)
  endif()
endfunction()

# Headers of libraries that most files of a target include are parsed once for all of them: half of the time
# of compiling a test goes there. The clang preset does without, so that files keep saying what they need.
option(HOLDFAST_PRECOMPILE "Precompile the headers of libraries" ON)
function(holdfast_precompile target)
  if(HOLDFAST_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    holdfast_use_precompiled(${target})
  endif()
endfunction()
function(holdfast_use_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # or ccache could not tell what is included
  endif()
endfunction()
