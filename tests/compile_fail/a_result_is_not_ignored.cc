// SPDX-License-Identifier: BSD-3-Clause
// Expected error: nodiscard
#include "holdfast/result.hh"

using namespace holdfast;

Result<> write_page() { return {}; }

Result<> commit() {
#ifdef HOLDFAST_TWIN
  HF_CHECK(write_page());
#else
  write_page();
#endif
  return {};
}
