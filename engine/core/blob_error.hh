// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/error.hh"
#include "holdfast/ids.hh"

namespace holdfast {

constexpr Error blob_error(Errc code, BlobId id, const char* reason) {
  return {.code = code, .object = ObjectKind::blob, .number = id.value, .reason = reason};
}

}  // namespace holdfast
