// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/little_endian.hh"
#include "format/super_block.hh"

namespace holdfast {

inline constexpr uint32_t kNoPage = 0xFFFFFFFF;  // the end of a chain
inline constexpr std::size_t kDescriptorBytes = 4072;

// A metadata page: the root of a blob (sequence 0, on the page that the blob's id names), a continuation page
// of its chain, or an extent page (sequence 0, with the id of the blob that wrote it).
struct MetadataPage {
  Le64 blob_id;
  Le32 sequence;
  Le32 reserved;
  std::array<std::byte, kDescriptorBytes> descriptors{};
  Le32 next = kNoPage;
  Le32 crc;  // CRC-32C of everything before it
};
static_assert(sizeof(MetadataPage) == kPageSize);
static_assert(offsetof(MetadataPage, next) == 4088 && offsetof(MetadataPage, crc) == 4092);
static_assert(std::has_unique_object_representations_v<MetadataPage>, "no padding may reach media");

uint32_t page_checksum(const MetadataPage& page) noexcept;
bool is_zero(std::span<const std::byte> bytes) noexcept;

enum class DescriptorType : uint8_t {
  padding = 0,
  extent_runs = 1,
  xattr = 2,
  flags = 3,
  internal_xattr = 4,
  extent_table = 5,
  extent_page = 6,
};

inline constexpr std::size_t kDescriptorHeader = 5;  // type u8, payload length u32

// One descriptor inside a page.
struct Descriptor {
  uint8_t type = 0;
  std::span<const std::byte> payload;
};

// Walks the descriptors of a page. Lengths are checked against the page before anything is handed out.
class DescriptorWalk {
 public:
  explicit DescriptorWalk(std::span<const std::byte> descriptors) noexcept : rest_(descriptors) {}

  enum class Step { descriptor, end, broken };
  // Skips padding. `broken`: the next descriptor claims more bytes than the page has.
  Step next(Descriptor& descriptor) noexcept;
  // How far the walk has come in the descriptors that it began with.
  std::size_t position(std::span<const std::byte> descriptors) const noexcept {
    return descriptors.size() - rest_.size();
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace holdfast
