// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "completion.hh"
#include "memory_host.hh"

namespace holdfast::simdisk {

// One open map. It claims its file as long as it lives; what was stored stays when it goes.
class SimulatedMap final : public PersistentMemory {
 public:
  SimulatedMap(std::shared_ptr<MemoryHost> host, FileNumber file);
  ~SimulatedMap() override;

  const PmGeometry& geometry() const noexcept override { return geometry_; }
  Result<uint64_t> load_u64(uint64_t offset) const noexcept override;
  Result<> load(uint64_t offset, std::span<std::byte> into) const noexcept override;
  PmWritten store(uint64_t offset, std::span<const std::byte> bytes) noexcept override;
  PmWritten store_u64(uint64_t offset, uint64_t value) noexcept override;
  Task<PmDurable> persist(PmWritten written, Purpose purpose) override;

 private:
  struct Persist;

  void suffer(uint64_t offset, uint64_t length) const;
  Task<PmDurable> persist_up_to(EventNumber covers, PmWritten written, Purpose purpose);
  Persist plan(EventNumber covers, PmWritten written, Purpose purpose);
  void begin(const Persist& persist, Awaited& awaited);
  bool contains(uint64_t offset, uint64_t length) const noexcept;

  const std::shared_ptr<MemoryHost> host_;
  const FileNumber number_;
  LiveFile& file_;
  const PmGeometry geometry_;
};

}  // namespace holdfast::simdisk
