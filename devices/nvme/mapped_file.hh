// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "file_descriptor.hh"
#include "holdfast/host/persistent_memory.hh"
#include "holdfast/nvme/loop.hh"
#include "write_back.hh"

namespace holdfast::nvme {

// One mapped file. `file` is open for reading and writing, and allocated;
// it and its claim live as long as the mapping.
class MappedFile final : public PersistentMemory {
 public:
  static Result<std::unique_ptr<PersistentMemory>> map(FileDescriptor file, FileDescriptor claimed,
                                                       Loop& loop) noexcept;
  ~MappedFile() override;

  const PmGeometry& geometry() const noexcept override { return geometry_; }
  Result<uint64_t> load_u64(uint64_t offset) const noexcept override;
  Result<> load(uint64_t offset, std::span<std::byte> into) const noexcept override;
  PmWritten store(uint64_t offset, std::span<const std::byte> bytes) noexcept override;
  PmWritten store_u64(uint64_t offset, uint64_t value) noexcept override;
  Task<PmDurable> persist(PmWritten written, Purpose purpose) override;

 private:
  MappedFile(FileDescriptor file, FileDescriptor claimed, Loop& loop, std::byte* bytes, uint64_t size,
             bool persistent) noexcept;

  bool contains(uint64_t offset, uint64_t length) const noexcept;
  uint64_t* word_at(uint64_t offset) const noexcept;

  FileDescriptor claim_;
  FileDescriptor file_;
  std::byte* const bytes_;
  const bool persistent_;  // else page cache
  const PmGeometry geometry_;
  const WriteBack::Owner write_back_;
};

}  // namespace holdfast::nvme
