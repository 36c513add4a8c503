// SPDX-License-Identifier: BSD-3-Clause
#include "mapped_file.hh"

#include <libpmem.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "holdfast/assert.hh"

namespace holdfast::nvme {
namespace {

constexpr uint32_t kLineSize = 64;
constexpr uint32_t kSectorSize = 512;
constexpr uint32_t kPageSize = 4096;

PmGeometry geometry_of(uint64_t size, bool persistent) noexcept {
  if (persistent) return {.size = size, .line_size = kLineSize, .persist_unit = kLineSize};
  return {.size = size, .line_size = kSectorSize, .persist_unit = kPageSize};
}

Error outside(uint64_t offset) noexcept {
  return {.code = Errc::out_of_range,
          .object = ObjectKind::device,
          .byte = offset,
          .reason = "a load is misaligned, or leaves the map; the map is shorter than what refers to it"};
}

}  // namespace

// Mapped through the descriptor, not the name, which may lead elsewhere by now.
Result<std::unique_ptr<PersistentMemory>> MappedFile::map(FileDescriptor file, FileDescriptor claimed,
                                                          Loop& loop) noexcept {
  const std::string path = "/proc/self/fd/" + std::to_string(file.number());
  size_t size = 0;
  int persistent = 0;
  void* bytes = ::pmem_map_file(path.c_str(), 0, 0, 0, &size, &persistent);
  if (bytes == nullptr) return error_of_errno(errno, "the map file cannot be mapped");
  return std::unique_ptr<PersistentMemory>(new MappedFile(
      std::move(file), std::move(claimed), loop, static_cast<std::byte*>(bytes), size, persistent != 0));
}

MappedFile::MappedFile(FileDescriptor file, FileDescriptor claimed, Loop& loop, std::byte* bytes,
                       uint64_t size, bool persistent) noexcept
    : claim_(std::move(claimed)),
      file_(std::move(file)),
      bytes_(bytes),
      persistent_(persistent),
      geometry_(geometry_of(size, persistent)),
      write_back_(WriteBack::of(file_.number(), loop.ring())) {}

MappedFile::~MappedFile() { ::pmem_unmap(bytes_, geometry_.size); }

Result<uint64_t> MappedFile::load_u64(uint64_t offset) const noexcept {
  if (!contains(offset, sizeof(uint64_t)) || offset % sizeof(uint64_t) != 0) return outside(offset);
  return std::atomic_ref(*word_at(offset)).load(std::memory_order_relaxed);
}

Result<> MappedFile::load(uint64_t offset, std::span<std::byte> into) const noexcept {
  if (!contains(offset, into.size())) return outside(offset);
  if (!into.empty()) std::memcpy(into.data(), bytes_ + offset, into.size());
  return {};
}

PmWritten MappedFile::store(uint64_t offset, std::span<const std::byte> bytes) noexcept {
  HF_ASSERT(contains(offset, bytes.size()));
  if (!bytes.empty()) std::memcpy(bytes_ + offset, bytes.data(), bytes.size());
  return {offset, bytes.size()};
}

// One instruction: no power cut sees half of it.
PmWritten MappedFile::store_u64(uint64_t offset, uint64_t value) noexcept {
  HF_ASSERT(contains(offset, sizeof value) && offset % sizeof value == 0);
  std::atomic_ref(*word_at(offset)).store(value, std::memory_order_relaxed);
  return {offset, sizeof value};
}

Task<PmDurable> MappedFile::persist(PmWritten written, Purpose) {
  HF_ASSERT(contains(written.begin(), written.end() - written.begin()));
  if (persistent_) {
    ::pmem_persist(bytes_ + written.begin(), written.end() - written.begin());
    co_return made_durable();
  }
  WriteBack::Wait wait(*write_back_);
  const int os_error = co_await wait.os_error;
  if (os_error != 0) {
    co_return Error{
        .object = ObjectKind::device,
        .os_error = os_error,
        .byte = written.begin(),
        .reason = "a map file lost a write; what it holds on disk is unknown until it is opened again"};
  }
  co_return made_durable();
}

bool MappedFile::contains(uint64_t offset, uint64_t length) const noexcept {
  return offset <= geometry_.size && length <= geometry_.size - offset;
}

uint64_t* MappedFile::word_at(uint64_t offset) const noexcept {
  return reinterpret_cast<uint64_t*>(bytes_ + offset);
}

}  // namespace holdfast::nvme
