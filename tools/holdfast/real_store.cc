// SPDX-License-Identifier: BSD-3-Clause
#include "real_store.hh"

namespace holdfast::tools {

Result<RealStore> open_store(const std::string& path, bool read_only) {
  nvme::DeviceOptions device_options;
  device_options.read_only = read_only;
  HF_TRY(RealDevice real, open_device(path, device_options));
  RealStore opened;
  static_cast<RealDevice&>(opened) = std::move(real);
  OpenOptions options;
  options.read_only = read_only;
  HF_TRY(opened.store, opened.loop->run(Blobstore::open(*opened.device, *opened.loop, options)));
  HF_TRY(opened.channel, Channel::open(*opened.store, *opened.loop));
  return opened;
}

}  // namespace holdfast::tools
