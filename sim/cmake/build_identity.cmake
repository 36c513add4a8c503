# SPDX-License-Identifier: BSD-3-Clause
# Writes OUTPUT, which holds a number for the sources in ROOT that decide what a run does, and for the
# versions of the libraries in LIBRARIES: the same for every compiler and optimisation, another one for every
# change.
cmake_minimum_required(VERSION 3.25)
set(text "${LIBRARIES}")
foreach(folder engine devices/simdisk sim)
  file(GLOB_RECURSE sources RELATIVE "${ROOT}" "${ROOT}/${folder}/*.cc" "${ROOT}/${folder}/*.hh")
  list(SORT sources)
  foreach(source IN LISTS sources)
    file(SHA256 "${ROOT}/${source}" digest)
    string(APPEND text "\n${source} ${digest}")
  endforeach()
endforeach()
string(SHA256 digest "${text}")
string(SUBSTRING "${digest}" 0 8 identity)
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
// SPDX-License-Identifier: BSD-3-Clause
#include "explore/build_identity.hh"

namespace holdfast::sim {

uint32_t build_identity() noexcept { return 0x@identity@; }

}  // namespace holdfast::sim
]])
