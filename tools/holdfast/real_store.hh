// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "real_device.hh"

namespace holdfast::tools {

// A store on a device. `loop->run(task)` carries out what the store is asked for.
struct RealStore : RealDevice {
  std::unique_ptr<Blobstore> store;
  std::unique_ptr<Channel> channel;
};

Result<RealStore> open_store(const std::string& path, bool read_only);

}  // namespace holdfast::tools
