// SPDX-License-Identifier: BSD-3-Clause
#include "real_store.hh"

namespace holdfast::tools {

Result<RealStore> open_store(const std::string& path, bool read_only) {
  RealStore real;
  HF_TRY(real.loop, nvme::Loop::open());
  nvme::DeviceOptions device_options;
  device_options.read_only = read_only;
  HF_TRY(real.device, nvme::FileDevice::open(path, device_options));
  OpenOptions options;
  options.read_only = read_only;
  HF_TRY(real.store, real.loop->run(Blobstore::open(*real.device, *real.loop, options)));
  HF_TRY(real.channel, Channel::open(*real.store, *real.loop));
  return real;
}

}  // namespace holdfast::tools
