// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "check/byte_source.hh"

namespace holdfast::tools {

// A file or block device, opened for reading only.
class ImageFile final : public ByteSource {
 public:
  static Result<std::unique_ptr<ImageFile>> open(const std::string& path);
  ~ImageFile() override;

  // Lets nobody open the file for writing as long as this is open; busy if somebody has. Other readers are
  // let in. Whoever writes claims the file with the same lock (holdfast/nvme/block_device.hh).
  Result<> keep_writers_out();

  uint64_t size() const noexcept override { return size_; }
  Result<> read(uint64_t byte, std::span<std::byte> into) override;

 private:
  ImageFile(int descriptor, uint64_t size) noexcept : descriptor_(descriptor), size_(size) {}
  int descriptor_;
  uint64_t size_;
};

}  // namespace holdfast::tools
