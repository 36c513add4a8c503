// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::tools {

// A store on a file or block device, opened through io_uring on this thread. `loop.run(task)` carries out
// what the store is asked for.
struct RealStore {
  std::unique_ptr<nvme::Loop> loop;
  std::unique_ptr<nvme::FileDevice> device;
  std::unique_ptr<Blobstore> store;
  std::unique_ptr<Channel> channel;
};

Result<RealStore> open_store(const std::string& path, bool read_only);

}  // namespace holdfast::tools
