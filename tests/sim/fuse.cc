// SPDX-License-Identifier: BSD-3-Clause
#include "sim/fuse.hh"

#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "holdfast/assert.hh"

namespace holdfast::sim {

Fuse& fuse() {
  static Fuse fuse;
  return fuse;
}

namespace {

constexpr uint64_t kSecondWrite = 2;

void burn(Dies how, const char* chunk) {
  uint64_t tag = 0;
  std::memcpy(&tag, chunk, sizeof tag);
  if (how == Dies::never || (tag & 0xFFFFFFFF) != kSecondWrite) return;
  if (how == Dies::by_a_signal) std::raise(SIGUSR1);  // sanitizers leave it alone
  HF_ASSERT(how != Dies::by_an_assertion);
}

using Decompress = int(const char*, char*, int, int);
using Compress = int(void*, const char*, char*, int, int, int);

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int LZ4_decompress_safe(const char* from, char* into, int size, int most) {
  static const auto library = next<Decompress>("LZ4_decompress_safe");
  const int made = library(from, into, size, most);
  if (made > 0) burn(fuse().when_it_decompresses, into);
  return made;
}

extern "C" int LZ4_compress_fast_extState(void* state, const char* from, char* into, int size, int most,
                                          int acceleration) {
  static const auto library = next<Compress>("LZ4_compress_fast_extState");
  burn(fuse().when_it_compresses, from);
  static pid_t home = 0;
  if (fuse().differs_elsewhere && home == 0) home = getpid();
  if (fuse().differs_elsewhere && home != getpid()) acceleration = 65537;
  return library(state, from, into, size, most, acceleration);
}

}  // namespace holdfast::sim
