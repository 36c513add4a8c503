// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/host/block_device.hh"

#ifdef FIU_ENABLE
#include <fiu.h>
#endif

namespace holdfast::nvme {

#ifdef FIU_ENABLE

constexpr const char* fault_point_of(IoKind kind) noexcept {
  switch (kind) {
    case IoKind::read: return "holdfast/nvme/read";
    case IoKind::write: return "holdfast/nvme/write";
    case IoKind::write_zeroes: return "holdfast/nvme/write_zeroes";
    case IoKind::discard: return "holdfast/nvme/discard";
    case IoKind::flush: return "holdfast/nvme/flush";
  }
  return "holdfast/nvme/unknown";
}

// True if libfiu was told (by fiu-run, fiu-ctrl or fiu_enable) that such a request is to fail now.
inline bool fails_at_fault_point(IoKind kind) noexcept { return fiu_fail(fault_point_of(kind)) != 0; }

#else

constexpr bool fails_at_fault_point(IoKind) noexcept { return false; }

#endif

}  // namespace holdfast::nvme
