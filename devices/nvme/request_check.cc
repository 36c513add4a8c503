// SPDX-License-Identifier: BSD-3-Clause
#include "request_check.hh"

#include <cstdint>

namespace holdfast::nvme {
namespace {

bool inside(const IoRequest& request, const DeviceGeometry& geometry) noexcept {
  return request.block_count > 0 && request.block < geometry.block_count &&
         request.block_count <= geometry.block_count - request.block;
}

bool buffers_match(const IoRequest& request, const DeviceGeometry& geometry) noexcept {
  uint64_t left =
      request.block_count * geometry.block_size;  // cannot overflow: the range is inside the device
  for (const iovec& buffer : request.buffers) {
    const auto address = reinterpret_cast<uintptr_t>(buffer.iov_base);
    const bool aligned =
        address % geometry.buffer_alignment == 0 && buffer.iov_len % geometry.block_size == 0;
    if (!aligned || buffer.iov_len == 0 || buffer.iov_len > left) return false;
    left -= buffer.iov_len;
  }
  return left == 0;
}

}  // namespace

std::errc refusal_of(const IoRequest& request, const DeviceGeometry& geometry, bool read_only) noexcept {
  if (request.kind == IoKind::flush) return {};
  const bool moves_bytes = request.kind == IoKind::read || request.kind == IoKind::write;
  const bool may_be_fua = request.kind == IoKind::write || request.kind == IoKind::write_zeroes;
  if (!inside(request, geometry)) return std::errc::invalid_argument;
  if (moves_bytes && !buffers_match(request, geometry)) return std::errc::invalid_argument;
  if (request.fua && !(may_be_fua && geometry.fua)) return std::errc::invalid_argument;
  if (read_only && request.kind != IoKind::read) return std::errc::read_only_file_system;
  return {};
}

}  // namespace holdfast::nvme
