// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <system_error>

#include "holdfast/host/block_device.hh"

namespace holdfast::nvme {

// Why a device must not even try this request; success if it may.
std::errc refusal_of(const IoRequest& request, const DeviceGeometry& geometry, bool read_only) noexcept;

}  // namespace holdfast::nvme
